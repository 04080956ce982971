import type { LoaderEvent } from '@millrace/core';
import type { EventOptions } from './events/event-options.ts';

/** The database of the embedded warehouse, and so the first part of its statements' names. */
export const LOCAL_DATABASE = 'dev';

export interface OpenAdaptersOptions extends EventOptions {
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
