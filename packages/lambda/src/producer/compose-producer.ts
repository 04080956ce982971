import { Logger } from '@aws-lambda-powertools/logger';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { KinesisWriter } from '@millrace/aws/kinesis';
import { Producer } from '@millrace/server/parts';
import { type Log, toLog } from '../log.ts';
import { type ProducerEnvironment, readProducerEnvironment } from './producer-environment.ts';

export interface ProducerOverrides {
  readonly kinesis?: KinesisClient;
  readonly log?: Log;
  readonly now?: () => number;
  /** Takes metric lines, instead of standard output. */
  readonly writeLine?: (line: string) => void;
}

/** What takes events outlives an invocation: connections to Kinesis, and what is known of its shards. */
export interface ProducerComposition {
  readonly environment: ProducerEnvironment;
  readonly producer: Producer;
  readonly log: Log;
  readonly now: () => number;
  readonly writeLine: (line: string) => void;
}

/** Nothing comes to share a record with: a container has one request at a time. */
const MAX_WAIT_MS = 0;
/** Before the client gives up, and before the function's time is over: then the answer says what was not stored. */
const GIVE_UP_AFTER_MS = 8_000;
/** Of a Function URL: 6 MB with everything that is around the body, which base64 makes a third longer. */
const MAX_BODY_BYTES = 4_000_000;

/**
 * Puts the function together that takes events, once per container. It needs no configuration, and no part of the loader:
 * events are taken while all else is away.
 *
 * @throws ConfigError with every problem of the environment variables; LoadError for keys and webhooks that cannot be.
 */
export function composeProducer(
  env: Readonly<Record<string, string | undefined>>,
  overrides: ProducerOverrides = {},
): ProducerComposition {
  const environment = readProducerEnvironment(env);
  const { now = Date.now, writeLine = (line) => process.stdout.write(`${line}\n`) } = overrides;
  const stream = new KinesisWriter(overrides.kinesis ?? new KinesisClient({}), {
    streamName: environment.stream,
    maxWaitMs: MAX_WAIT_MS,
    giveUpAfterMs: GIVE_UP_AFTER_MS,
    now,
  });
  const { limits, ...settings } = environment.settings;
  const maxBodyBytes = Math.min(MAX_BODY_BYTES, limits?.maxBodyBytes ?? MAX_BODY_BYTES);
  return {
    environment,
    producer: new Producer({ stream, ...settings, limits: { ...limits, maxBodyBytes }, now }),
    log: overrides.log ?? toLog(new Logger({ serviceName: 'millrace' })),
    now,
    writeLine,
  };
}
