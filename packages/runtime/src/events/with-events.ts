import type { MillraceConfig } from '@millrace/core';
import type { Adapters } from '../adapters.ts';
import type { OpenContext } from '../open-context.ts';
import { EventFeed } from './event-feed.ts';
import type { EventOptions } from './event-options.ts';
import { openStreamReader } from './open-event-stream.ts';
import { openSeals } from './open-seals.ts';

/** Who tells of new objects, and beside that feeds the lanes from the configuration's stream. */
export function withEvents(
  announce: Adapters['announce'],
  config: MillraceConfig,
  { events: role = 'consume', stream: given, ...context }: OpenContext & EventOptions,
): Adapters['announce'] {
  const { events } = config;
  if (events === null || role === 'leave') return announce;
  const { directory, onError } = context;
  return async (options) => {
    const told = await announce?.(options);
    const closers: (() => Promise<void> | void)[] = [];
    const { seals, close } = await openSeals(config, directory);
    closers.push(close);
    let stream = given;
    if (role === 'announce') stream = undefined;
    else if (stream === undefined) {
      const opened = await openStreamReader(events, { directory, onError });
      closers.push(opened.close);
      stream = opened.stream;
    }
    const { loader } = options;
    const feed = new EventFeed({ config, loader, seals, stream, onAnnounced: options.onAdmitted, onError });
    return {
      drain: () => feed.drain(),
      close: async () => {
        await told?.close();
        await feed.close();
        for (const closeOne of closers.reverse()) await closeOne();
      },
    };
  };
}
