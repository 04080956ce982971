import { LoadError } from '@millrace/core';
import { isSqsEvent, type SqsBatchResponse, type SqsRecord } from '../event/lambda-event.ts';
import type { TaskerComposition } from '../tasker/compose-tasker.ts';
import { readStatementId } from '../tasker/statement-key.ts';
import { readTaskRequest } from '../tasker/task-request.ts';
import type { Started, Tasker } from '../tasker/tasker.ts';
import { answerBatch } from './failed-records.ts';

export type TaskerAnswer =
  | Started
  | SqsBatchResponse
  | { readonly cancelled: readonly string[] }
  | { readonly looked: number; readonly ended: number; readonly broken: number };

type Json = Readonly<Record<string, unknown>>;

/**
 * Runs statements for states of Step Functions that wait by `waitForTaskToken`, and tells them the end. The same function
 * takes a state's payload (a statement, or a cancellation), the completion events of the Data API (by SQS, or straight from
 * EventBridge), and the schedule of its sweep.
 */
export function createRedshiftTasker(
  compose: () => TaskerComposition,
): (event: unknown) => Promise<TaskerAnswer> {
  return async (event) => {
    const composition = compose();
    const { tasker, log } = composition;
    if (isSqsEvent(event)) {
      const failures = new Map<SqsRecord, unknown>();
      for (const record of event.Records) {
        try {
          await takeEnd(readBody(record), composition);
        } catch (error) {
          failures.set(record, error);
        }
      }
      return answerBatch(event, failures, log);
    }
    const { source } = (event ?? {}) as { source?: unknown };
    if (source === 'aws.events' || source === 'aws.scheduler') return tasker.sweep();
    if (source === 'aws.redshift-data') {
      await takeEnd(event, composition);
      return { batchItemFailures: [] };
    }
    return answerState(event, tasker).catch(speakOut);
  };
}

async function answerState(event: unknown, tasker: Tasker): Promise<TaskerAnswer> {
  const request = readTaskRequest(event);
  if (request.kind === 'sweep') return tasker.sweep();
  return request.kind === 'cancel' ? tasker.cancel(request) : tasker.run(request);
}

/** Step Functions shows name and message of what a function throws, and nothing else. */
function speakOut(error: unknown): never {
  if (!(error instanceof LoadError) || error.hint === undefined) throw error;
  throw new LoadError(error.code, error.sentence, { class: error.class, cause: error });
}

async function takeEnd(event: unknown, { name, tasker, log }: TaskerComposition): Promise<void> {
  const { source, detail } = (event ?? {}) as { source?: unknown; detail?: Json };
  const { statementName, statementId } = detail ?? {};
  if (
    source !== 'aws.redshift-data' ||
    typeof statementName !== 'string' ||
    typeof statementId !== 'string'
  ) {
    throw new LoadError('event-foreign', 'the message is not the end of a Redshift Data API statement', {
      class: 'data',
      hint: 'send it "Redshift Data Statement Status Change" events of aws.redshift-data',
    });
  }
  const id = readStatementId(name, statementName);
  if (id === undefined) log.debug('the statement is not of this tasker', { statementName });
  else await tasker.end(id, statementId);
}

function readBody({ messageId, body }: SqsRecord): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new LoadError('event-foreign', `message ${messageId} is no JSON`, { class: 'data', cause });
  }
}
