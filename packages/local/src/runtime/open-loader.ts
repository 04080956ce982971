import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  compileRoutes,
  DEFAULT_RETRY,
  type Loader,
  type LoaderEvent,
  type MillraceConfig,
  readStatementName,
  routesOf,
  type TargetDefinition,
} from '@millrace/core';
import { RedshiftLocal } from '@millrace/redshift-local';
import { DirectoryObjectStore } from '../filesystem/directory-object-store.ts';
import { SqliteTracker } from '../sqlite/sqlite-tracker.ts';
import { SqliteWakeQueue } from '../sqlite/sqlite-wake-queue.ts';
import { StateLock } from '../sqlite/state-lock.ts';
import { EmbeddedRedshift } from '../warehouse/embedded-redshift.ts';

/** The database of the embedded warehouse, and so the first part of its statements' names. */
const DATABASE = 'dev';
/** Statements of this process cannot outlive it: the lease only has to be longer than nobody looks. */
const LEASE_MS = 60_000;
const LOCK_TIMEOUT_MS = 60_000;

export interface OpenLoaderOptions {
  /** What relative paths of the configuration are relative to. */
  readonly directory: string;
  readonly onEvent: (event: LoaderEvent) => void;
  readonly onCompletion: (target: string) => void;
  /** What this process does, for those that are refused meanwhile. */
  readonly what: string;
  readonly now?: () => number;
  /** Told once of each path in the object store that is no object, and why. */
  readonly onSkipped?: (path: string, why: string) => void;
}

/** The adapters of one machine around the verbs, and what has to be closed. */
export interface OpenLoader {
  readonly loader: Loader;
  /** The loader's targets: a bulk document may add some. */
  readonly targets: Map<string, TargetDefinition>;
  readonly engine: RedshiftLocal;
  readonly warehouse: EmbeddedRedshift;
  readonly objects: DirectoryObjectStore;
  readonly tracker: SqliteTracker;
  readonly wakes: SqliteWakeQueue;
  readonly close: () => Promise<void>;
}

/** Listings meet the same paths again and again; beyond this many, new ones are not told. */
const MAX_SKIPPED = 1_000;

function oncePerPath(tell: (path: string, why: string) => void): (path: string, why: string) => void {
  const told = new Set<string>();
  return (path, why) => {
    if (told.has(path) || told.size >= MAX_SKIPPED) return;
    told.add(path);
    tell(path, why);
  };
}

/**
 * Opens everything that a loader on one machine needs; this process alone may then work on that state.
 *
 * @throws LoadError `state-in-use` when another process does.
 */
export async function openLoader(config: MillraceConfig, options: OpenLoaderOptions): Promise<OpenLoader> {
  const { directory, onEvent, onCompletion, what, now = Date.now } = options;
  const at = (path: string): string => resolve(directory, path);
  const state = dirname(at(config.tracker.path));
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of closers.reverse().splice(0)) await closeOne();
  };
  try {
    const lock = StateLock.acquire(state, { what });
    closers.push(() => lock.release());
    const tracker = new SqliteTracker(at(config.tracker.path));
    closers.push(() => tracker.close());
    const wakes = new SqliteWakeQueue(resolve(state, 'wakes.db'));
    closers.push(() => wakes.close());
    const objects = new DirectoryObjectStore(at(config.objects.path), {
      settleMs: config.settleMs,
      ...(options.onSkipped === undefined ? {} : { onSkipped: oncePerPath(options.onSkipped) }),
      cachePath: resolve(state, 'etags.db'),
    });
    closers.push(() => objects.close());
    mkdirSync(dirname(at(config.warehouse.path)), { recursive: true });
    const engine = await RedshiftLocal.open({ path: at(config.warehouse.path), objects, database: DATABASE });
    closers.push(() => engine.close());
    const warehouse = new EmbeddedRedshift(engine, {
      onCompletion: ({ name }) => {
        const statement = readStatementName(name);
        if (statement) onCompletion(statement.target);
      },
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
        database: DATABASE,
        iamRole: 'default',
        leaseMs: LEASE_MS,
        lockTimeoutMs: LOCK_TIMEOUT_MS,
        statementTimeoutMs: config.warehouse.statementTimeoutMs,
        maxLoads: config.warehouse.maxLoads,
        retry: DEFAULT_RETRY,
      },
      now,
      random: () => randomBytes(16),
      onEvent,
    };
    return { loader, targets, engine, warehouse, objects, tracker, wakes, close };
  } catch (error) {
    await close();
    throw error;
  }
}
