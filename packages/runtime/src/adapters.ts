import type { Loader, ObjectInfo, StatementRef, TargetDefinition } from '@millrace/core';
import type { RedshiftLocal } from '@millrace/redshift-local';
import type { EventAccess } from './events/event-desk.ts';

export interface AnnouncementOptions {
  /** Into whose lanes files are let by whoever announces them itself. */
  readonly loader: Loader;
  /** It has let files into these lanes. */
  readonly onAdmitted: (targets: Iterable<string>) => void;
  /** `s3://bucket/prefix` each. */
  readonly prefixes: readonly string[];
  /** Rejects when the objects could not be written down: they are told again, or a listing finds them. */
  readonly onObjects: (objects: readonly ObjectInfo[]) => Promise<void>;
  /** Objects that a queue of some targets' own announced: files of these targets, wherever they are. */
  readonly onQueued: (targets: readonly string[], objects: readonly ObjectInfo[]) => Promise<void>;
  /** Something may have gone unseen; a listing finds it. */
  readonly onListAgain: () => void;
  readonly onError: (error: unknown) => void;
}

/** Somebody who tells of new objects. */
export interface Announcer {
  /** Resolves when all that is there now has been told. Undefined: a listing finds it. */
  drain?(): Promise<void>;
  close(): Promise<void>;
}

/** What tells a process of wakes that are due. */
export interface WakeSource {
  /** From now on due wakes are told. */
  start(onDue: (targets: readonly string[]) => void): void;
  /** Somebody may have left a wake. */
  look(): void;
  /** Nothing is told after it. */
  stop(): Promise<void>;
}

/** The adapters that a configuration names, around the verbs, and what one process does with them beside. */
export interface Adapters {
  readonly loader: Loader;
  /** The loader's targets: a bulk document may add some. */
  readonly targets: Map<string, TargetDefinition>;
  readonly wakeSource: WakeSource;
  /** Whether no other process works on the same lanes: what is in hand there is then from a process that is no more. */
  readonly isAlone: boolean;
  /** Begins to tell of new objects. Undefined: nobody tells, and listings find them. */
  readonly announce?: (options: AnnouncementOptions) => Promise<Announcer | undefined>;
  /** Clears away what a killed process was writing. */
  readonly clear?: () => Promise<void>;
  /** Tells of the end of a statement that another process submitted. */
  readonly follow?: (statement: StatementRef) => void;
  /** Copies the state of this machine into an empty directory. @returns bytes. @throws LoadError `backup-elsewhere` when it is not on this machine */
  readonly backUp: (directory: string) => Promise<number>;
  /** What there is to do with the configuration's events; absent: it has none. */
  readonly events?: EventAccess;
  /** The engine in this process, when it is the warehouse. */
  readonly engine?: RedshiftLocal;
  close(): Promise<void>;
}
