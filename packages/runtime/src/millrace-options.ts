import type { AlertLine, Loader, LoaderEvent } from '@millrace/core';
import type { EventOptions } from './events/event-options.ts';

/** How long a start waits for a warehouse that is away, unless told otherwise. */
export const PATIENCE_MS = 60_000;

export interface MillraceOptions extends EventOptions {
  /** The project's directory: relative paths of the configuration start here. */
  readonly directory: string;
  readonly onEvent?: (event: LoaderEvent) => void;
  /** A failure that belongs to no file and no job: a lane's turn or the watcher broke. Work goes on. */
  readonly onError?: (where: string, error: unknown) => void;
  /**
   * Takes the lines of an alert channel of kind `log`.
   *
   * @default standard error, as JSON
   */
  readonly writeLine?: (line: AlertLine) => void;
  /** What this process does, for those that are refused meanwhile. */
  readonly what?: string;
  /** Told once of each path in the object store that is no object (a link, a name that cannot be a key), and why. */
  readonly onSkipped?: (path: string, why: string) => void;
  /**
   * Whether pending migrations are applied.
   *
   * @default true
   */
  readonly migrates?: boolean;
  /**
   * How long a start waits for a warehouse that is away.
   *
   * @default 60000
   */
  readonly patienceMs?: number;
  /** The state of this machine is this process's: told before the warehouse is waited for. */
  readonly onOwned?: () => Promise<void>;
  /** Ends that waiting. */
  readonly signal?: AbortSignal;
  /** Puts something between the verbs and their ports: a crash, a delay, a count. */
  readonly instrument?: (loader: Loader) => Loader;
}
