import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import {
  compileRoutes,
  DEFAULT_RETRY,
  type Loader,
  type MillraceConfig,
  routesOf,
  stateFolderOf,
  type TargetDefinition,
} from '@millrace/core';
import { StateLock } from '@millrace/local';
import { ObjectShapes } from '@millrace/shapes';
import type { Adapters } from './adapters.ts';
import { backUp, refuseBackUp } from './back-up.ts';
import { withEvents } from './events/with-events.ts';
import type { OpenAdaptersOptions, OpenContext } from './open-context.ts';
import { openObjects } from './open-objects.ts';
import { openTracker } from './open-tracker.ts';
import { openWarehouse } from './open-warehouse.ts';

const LOCK_TIMEOUT_MS = 60_000;

/**
 * Opens the adapters that a configuration names, whatever the mix, around the verbs. When state of this machine is
 * among them, this process alone may then work on it.
 *
 * @throws LoadError `state-in-use` when another process does.
 */
export async function openAdapters(config: MillraceConfig, options: OpenAdaptersOptions): Promise<Adapters> {
  const { directory, onEvent, what, now = Date.now } = options;
  const closers: OpenContext['closers'] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of closers.reverse().splice(0)) await closeOne();
  };
  const state = resolve(directory, stateFolderOf(config));
  const context: OpenContext = { ...options, now, state, closers, at: (path) => resolve(directory, path) };
  try {
    if (config.tracker.kind === 'sqlite' || config.warehouse.kind === 'local') {
      const lock = StateLock.acquire(state, { what });
      closers.push(() => lock.release());
    }
    const { tracker, wakes, wakeSource, backup } = await openTracker(config, context);
    const { objects, announce: announceObjects, clear } = await openObjects(config, context);
    const { announce, withSeals, access } = withEvents(announceObjects, config, context);
    const { warehouse, availability, engine, database, iamRole, leaseMs, follow } = await openWarehouse(
      config,
      {
        ...context,
        objects,
      },
    );
    const targets = new Map<string, TargetDefinition>(config.targets);
    const routes = compileRoutes(config);
    const loader: Loader = {
      tracker,
      objects,
      warehouse,
      availability,
      shapes: new ObjectShapes(objects),
      wakes,
      targets,
      routesOf: (object) => routesOf(routes, object),
      settings: {
        control: config.control,
        database,
        iamRole,
        leaseMs,
        lockTimeoutMs: LOCK_TIMEOUT_MS,
        statementTimeoutMs: config.warehouse.statementTimeoutMs,
        maxLoads: config.warehouse.maxLoads,
        retry: DEFAULT_RETRY,
        windows: config.warehouse.windows,
        maxHoldMs: config.warehouse.maxHoldMs,
      },
      now,
      random: () => randomBytes(16),
      onEvent,
    };
    return {
      loader,
      targets,
      wakeSource,
      isAlone: config.tracker.kind === 'sqlite',
      ...(announce === undefined ? {} : { announce }),
      ...(clear === undefined ? {} : { clear }),
      ...(follow === undefined ? {} : { follow }),
      ...(access === undefined ? {} : { events: access }),
      ...(engine === undefined ? {} : { engine }),
      backUp:
        backup === undefined || engine === undefined
          ? refuseBackUp
          : (to) => withSeals((seals) => backUp({ seals, tracker: { backup }, warehouse: engine }, to)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
