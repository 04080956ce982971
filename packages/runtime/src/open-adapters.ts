import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import {
  compileRoutes,
  DEFAULT_RETRY,
  type Loader,
  type LoaderEvent,
  type MillraceConfig,
  routesOf,
  stateFolderOf,
  type TargetDefinition,
} from '@millrace/core';
import { StateLock } from '@millrace/local';
import type { Adapters } from './adapters.ts';
import { backUp } from './back-up.ts';
import { openObjects } from './open-objects.ts';
import { openTracker } from './open-tracker.ts';
import { openWarehouse } from './open-warehouse.ts';

const LOCK_TIMEOUT_MS = 60_000;

export interface OpenAdaptersOptions {
  /** What relative paths of the configuration are relative to. */
  readonly directory: string;
  readonly onEvent: (event: LoaderEvent) => void;
  /** A statement of the target ended. */
  readonly onCompletion: (target: string) => void;
  /** What broke beside the verbs: a timer, a listener. */
  readonly onError: (where: string, error: unknown) => void;
  /** What this process does, for those that are refused meanwhile. */
  readonly what: string;
  readonly now?: () => number;
  /** Told once of each path in the object store that is no object, and why. */
  readonly onSkipped?: (path: string, why: string) => void;
}

/** What the openers of the parts are given, and what they leave to be closed. */
export interface OpenContext extends OpenAdaptersOptions {
  readonly now: () => number;
  /** Resolves a path of the configuration. */
  readonly at: (path: string) => string;
  /** Where the state of this machine is. */
  readonly state: string;
  /** Called in reverse order when the adapters are closed. */
  readonly closers: (() => Promise<void> | void)[];
}

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
    const { objects, announce, clear } = await openObjects(config, context);
    const { warehouse, engine, database, iamRole, leaseMs, follow } = await openWarehouse(config, {
      ...context,
      objects,
    });
    const targets = new Map<string, TargetDefinition>(config.targets);
    const routes = compileRoutes(config);
    const loader: Loader = {
      tracker,
      objects,
      warehouse,
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
      ...(engine === undefined ? {} : { engine }),
      ...(backup === undefined || engine === undefined
        ? {}
        : { backUp: (to: string) => backUp({ tracker: { backup }, warehouse: engine }, to) }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
