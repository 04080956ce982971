import { placeOfQueue, sqsClientOptions } from '@millrace/aws/client';
import { LoadError } from '@millrace/core';
import type { EventSink } from '@millrace/redshift-local/data-api';

/** How often an event is tried, and how long it waits before the next try. EventBridge tries for a day; a test should not. */
const TRIES = 3;
const TRY_AGAIN_MS = 200;
const TIMEOUT_MS = 10_000;

/** POSTs every event as JSON to a URL. A reply other than 2xx is a failure; it is tried three times. */
export function webhookSink(url: string): EventSink {
  return (event) =>
    tryAgain(async () => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(event),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) {
        throw new LoadError('event-refused', `${url} answered an event with ${response.status}`, {
          hint: 'answer with 200 when the event is taken',
        });
      }
    });
}

/** A sink that holds a client of AWS. */
export interface ClosableSink {
  readonly sink: EventSink;
  close(): void;
}

/**
 * Sends every event as the body of a message to an SQS queue, as a rule of EventBridge does.
 *
 * The queue's URL says where SQS is: an emulator's as well as AWS's.
 */
export async function sqsSink(queueUrl: string): Promise<ClosableSink> {
  // Only now: who wants no queue does not load the AWS SDK.
  const { SendMessageCommand, SQSClient } = await import('@aws-sdk/client-sqs');
  const client = new SQSClient(sqsClientOptions(placeOfQueue(queueUrl)));
  return {
    sink: async (event) => {
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(event) }));
    },
    close: () => client.destroy(),
  };
}

async function tryAgain(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
  }
}
