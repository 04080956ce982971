import type { MillraceConfig } from '@millrace/core';
import type { Adapters } from '../adapters.ts';
import type { OpenContext } from '../open-context.ts';
import type { EventAccess } from './event-desk.ts';
import { EventFeed } from './event-feed.ts';
import type { EventOptions } from './event-options.ts';
import { openStreamReader } from './open-event-stream.ts';
import { type OpenedSeals, openSeals } from './open-seals.ts';

export interface WithEvents {
  readonly announce: Adapters['announce'];
  /** Does something with the file of the seals, while nothing is announced. Undefined: they have none. */
  readonly withSeals: <T>(body: (seals: Pick<OpenedSeals, 'backup'> | undefined) => Promise<T>) => Promise<T>;
  /** Undefined: the configuration has no events. */
  readonly access: EventAccess | undefined;
}

/** Who tells of new objects, and beside that feeds the lanes from the configuration's stream. */
export function withEvents(
  announce: Adapters['announce'],
  config: MillraceConfig,
  { events: role = 'consume', stream: given, ...context }: OpenContext & EventOptions,
): WithEvents {
  const { events } = config;
  if (events === null) return { announce, withSeals: (body) => body(undefined), access: undefined };
  const { directory, onError } = context;
  let feed: EventFeed | undefined;
  const withOpened = async <T>(body: (opened: OpenedSeals) => Promise<T>): Promise<T> => {
    const opened = await openSeals(config, directory);
    const work = (): Promise<T> => body(opened);
    return (feed === undefined ? work() : feed.hold(work)).finally(() => opened.close());
  };
  const withSeals: WithEvents['withSeals'] = withOpened;
  const access: EventAccess = {
    withSeals: (body) => withOpened(({ seals }) => body(seals)),
    lags: () => feed?.lags,
    consumed: () => feed?.consumed,
  };
  if (role === 'leave') return { announce, withSeals, access };
  const feeding: Adapters['announce'] = async (options) => {
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
    const begun = new EventFeed({ config, loader, seals, stream, onAnnounced: options.onAdmitted, onError });
    feed = begun;
    return {
      drain: () => begun.drain(),
      close: async () => {
        await told?.close();
        await begun.close();
        for (const closeOne of closers.reverse()) await closeOne();
      },
    };
  };
  return { announce: feeding, withSeals, access };
}
