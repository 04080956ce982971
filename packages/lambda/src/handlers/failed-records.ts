import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SqsBatchResponse, SqsEvent, SqsRecord } from '../event/lambda-event.ts';
import { queueNameOf } from '../event/lambda-event.ts';
import { errorFields, type Log } from '../log.ts';

/**
 * The answer to a batch of messages: those that failed come again, alone. All of them may.
 *
 * @param failures why, by message; each is logged here, once.
 */
export async function answerBatch(
  event: SqsEvent,
  failures: ReadonlyMap<SqsRecord, unknown>,
  log: Log,
): Promise<SqsBatchResponse> {
  for (const [record, error] of failures) {
    const { messageId } = record;
    log.error('a message failed; it comes again', {
      messageId,
      queue: queueNameOf(record),
      ...errorFields(error),
    });
  }
  const rethrow = async (record: SqsRecord): Promise<void> => {
    if (failures.has(record)) throw new Error(`message ${record.messageId} failed`);
  };
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const processor = new BatchProcessor(EventType.SQS, { logger: silent });
  const { batchItemFailures = [] } = await processPartialResponse(
    event as { Records: never[] },
    rethrow as (record: never) => Promise<void>,
    processor,
    // Without it a batch that failed as a whole would be an error of the function, and its messages invisible for longer.
    { throwOnFullBatchFailure: false },
  );
  return { batchItemFailures };
}
