import { parseConfig } from '@millrace/core';
import { openEventStream } from '../src/events/open-event-stream.ts';
import type { TestProject } from './test-project.ts';

export interface SentEvent {
  readonly id: string;
  readonly type?: string;
  readonly time?: string;
  readonly data?: unknown;
}

/** What a producer does with events that it has checked; a text is put as it is. */
export async function sendEvents(
  project: TestProject,
  events: readonly (SentEvent | string)[],
): Promise<void> {
  // The stream is where every configuration has it, whatever its targets are.
  const { events: config } = parseConfig(
    { targets: { 'public.any': {} }, events: { any: [{ fact: 'public.any', columns: { id: '$.id' } }] } },
    { source: 'test' },
  );
  if (config === null) throw new Error('the test has events');
  const { stream, close } = await openEventStream(config, {
    directory: project.directory,
    onError: (_, error) => {
      throw error;
    },
  });
  const results = await stream.put(
    events.map((event) => ({
      partitionKey: typeof event === 'string' ? 'raw' : event.id,
      data: Buffer.from(
        typeof event === 'string'
          ? event
          : JSON.stringify({ type: 'page.viewed', time: '2026-01-01T00:00:00Z', data: {}, ...event }),
      ),
    })),
  );
  await close();
  const failed = results.filter(({ kind }) => kind !== 'stored');
  if (failed.length > 0) throw new Error(`${failed.length} events were not stored`);
}
