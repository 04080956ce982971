import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { type FaultRule, faultOf, toAwsError } from '../client/aws-fault.ts';

/** The most that the output of a task may have (AWS service model), in bytes of UTF-8. */
export const MAX_OUTPUT_BYTES = 262_144;
/** The most that Step Functions takes as the cause of a failure, in characters. */
const MAX_CAUSE_CHARACTERS = 32_768;
const MAX_ERROR_CHARACTERS = 256;

/** Nobody waits for the task any more: it timed out, its execution ended, or it has its answer. */
const GONE: readonly string[] = ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'];

/** The only place that knows how Step Functions names its errors. What all AWS services share comes after. */
const TASK_RULES: readonly FaultRule[] = [
  {
    names: ['KmsAccessDeniedException', 'KmsInvalidStateException', 'KmsThrottlingException'],
    code: 'task-key',
    class: 'config',
    hint: "allow the role to use the state machine's KMS key",
  },
];

/** Whether somebody waited for what was told. */
export type Delivery = 'delivered' | 'gone';

/** Answers to tasks that wait by `waitForTaskToken`. Every method throws `LoadError`. */
export class TaskTokens {
  readonly #client: SFNClient;

  constructor(client: SFNClient) {
    this.#client = client;
  }

  /** @param output JSON of at most `MAX_OUTPUT_BYTES`. */
  succeed(taskToken: string, output: string): Promise<Delivery> {
    return this.#tell('report the success of a task', () =>
      this.#client.send(new SendTaskSuccessCommand({ taskToken, output })),
    );
  }

  /** Texts that are too long are cut. */
  fail(taskToken: string, { error, cause }: { error: string; cause: string }): Promise<Delivery> {
    return this.#tell('report the failure of a task', () =>
      this.#client.send(
        new SendTaskFailureCommand({
          taskToken,
          error: error.slice(0, MAX_ERROR_CHARACTERS),
          cause: cause.slice(0, MAX_CAUSE_CHARACTERS),
        }),
      ),
    );
  }

  /** Begins the task's `HeartbeatSeconds` again. `gone` tells that nobody waits for it. */
  beat(taskToken: string): Promise<Delivery> {
    return this.#tell('send the heartbeat of a task', () =>
      this.#client.send(new SendTaskHeartbeatCommand({ taskToken })),
    );
  }

  async #tell(what: string, send: () => Promise<unknown>): Promise<Delivery> {
    try {
      await send();
      return 'delivered';
    } catch (cause) {
      if (GONE.includes(faultOf(cause).name)) return 'gone';
      throw toAwsError(cause, { service: 'Step Functions', what, rules: TASK_RULES });
    }
  }
}
