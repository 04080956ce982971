import { join, resolve } from 'node:path';
import { type MillraceConfig, type ObjectStore, stateFolderOf, type TableChecks } from '@millrace/core';
import type { OpenContext } from '../open-context.ts';
import { openObjects } from '../open-objects.ts';
import { openWarehouse } from '../open-warehouse.ts';
import { ConsumerLoop } from './consumer-loop.ts';
import { consumerOf, eventsOf, limitsOf } from './open-consumer.ts';
import { openStreamReader } from './open-event-stream.ts';
import { openSeals } from './open-seals.ts';
import { openTableChecks } from './open-table-checks.ts';

export interface EventConsumerOptions {
  /** What relative paths of the configuration are relative to. */
  readonly directory: string;
  readonly onError: (where: string, error: unknown) => void;
  readonly now?: () => number;
}

/**
 * The consumer as a process of its own: makes chunks of events and seals them. Whoever has the lanes announces them. It
 * needs neither warehouse nor tracker, and goes on while both are away. A warehouse that it can ask tells it what fits.
 */
export class EventConsumer {
  readonly #loop: ConsumerLoop;
  readonly #closers: OpenContext['closers'];

  private constructor(loop: ConsumerLoop, closers: OpenContext['closers']) {
    this.#loop = loop;
    this.#closers = closers;
  }

  /** Opens what it needs and begins. @throws LoadError `events-missing` */
  static async start(config: MillraceConfig, options: EventConsumerOptions): Promise<EventConsumer> {
    const { directory, onError, now = Date.now } = options;
    const events = eventsOf(config);
    const closers: OpenContext['closers'] = [];
    try {
      const { seals, close } = await openSeals(config, directory);
      closers.push(close);
      const context: OpenContext = {
        directory,
        onEvent: () => {},
        onCompletion: () => {},
        onError,
        what: 'millrace up --only consumer',
        now,
        at: (path) => resolve(directory, path),
        // Not the loader's: a cache has one owner.
        state: join(resolve(directory, stateFolderOf(config)), 'consumer'),
        closers,
      };
      const { objects } = await openObjects(config, context);
      const checks = await openChecks(config, { ...context, objects });
      const { stream, close: closeStream } = await openStreamReader(events, { directory, onError });
      closers.push(closeStream);
      const { discoverMs, ...limits } = limitsOf(events);
      const loop = new ConsumerLoop(consumerOf(config, { seals, objects, checks, now }), stream, {
        limits,
        discoverMs,
        onSealed: () => {},
        onError: (error) => onError('events', error),
      });
      loop.start();
      return new EventConsumer(loop, closers);
    } catch (error) {
      await closeAll(closers);
      throw error;
    }
  }

  /** How far behind the newest event it is. */
  get millisBehindLatest(): number {
    return this.#loop.millisBehindLatest;
  }

  /** Resolves when everything that is in the stream now is sealed. */
  drain(): Promise<void> {
    return this.#loop.drain();
  }

  /** Writes and seals what is buffered, and ends. */
  async close(): Promise<void> {
    await this.#loop.close();
    await closeAll(this.#closers);
  }
}

/** Undefined where the warehouse is embedded: its own process alone can ask it. */
async function openChecks(
  config: MillraceConfig,
  context: OpenContext & { readonly objects: ObjectStore },
): Promise<TableChecks | undefined> {
  if (config.warehouse.kind !== 'redshift') return undefined;
  const { warehouse } = await openWarehouse(config, context);
  return openTableChecks(config, { warehouse, now: context.now, onError: context.onError });
}

async function closeAll(closers: OpenContext['closers']): Promise<void> {
  for (const closeOne of closers.reverse().splice(0)) await closeOne();
}
