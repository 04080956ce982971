import { ColumnLists } from '../event/column-list.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { Availability } from '../ports/availability.ts';
import type { FileShapes } from '../ports/file-shapes.ts';
import type { ObjectRef, ObjectStore } from '../ports/object-store.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Tracker } from '../ports/tracker.ts';
import type { WakeQueue } from '../ports/wake-queue.ts';
import type { Warehouse } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';
import type { RetryPolicy } from '../recover/retry-policy.ts';
import type { WindowRule } from '../recover/windows/maintenance-window.ts';
import type { LoaderEvent } from './loader-event.ts';

/** What every verb is given: the ports, and what configuration says. Assembled by a composition root. */
export interface Loader {
  readonly tracker: Tracker;
  readonly objects: ObjectStore;
  readonly warehouse: Warehouse;
  /** What can be asked about the warehouse beside its loads; without it, only lanes tell of an outage. */
  readonly availability?: Availability;
  readonly wakes: WakeQueue;
  readonly targets: ReadonlyMap<string, TargetDefinition>;
  /**
   * The column lists of chunks.
   *
   * @default read from the control prefix, each time anew
   */
  readonly columnLists?: ColumnLists;
  /** What is inside of files. Needed for targets that drift; others are never looked into. */
  readonly shapes?: FileShapes;
  /** The targets that take an object, by where it is. */
  readonly routesOf: (at: ObjectRef) => readonly string[];
  readonly settings: LoaderSettings;
  readonly now: () => EpochMs;
  /** At least 16 bytes of chance. */
  readonly random: () => Uint8Array;
  readonly onEvent: (event: LoaderEvent) => void;
}

export interface LoaderSettings {
  /** Millrace's own prefix: job documents, manifests, pins. */
  readonly control: ObjectRef;
  /** First part of statement names. */
  readonly database: string;
  readonly iamRole: string;
  /** After this the sweep looks at what a submitted or running job does. */
  readonly leaseMs: number;
  readonly lockTimeoutMs: number;
  /** 0: no limit. */
  readonly statementTimeoutMs: number;
  /** Loads that may run at once on the warehouse. */
  readonly maxLoads: number;
  readonly retry: RetryPolicy;
  /**
   * When nothing is submitted, beside what the warehouse itself says.
   *
   * @default none
   */
  readonly windows?: readonly WindowRule[];
  /**
   * How long an outage may last before it is told as overdue, and one load is tried all the same.
   *
   * @default an hour
   */
  readonly maxHoldMs?: number;
}

/** Where the columns of chunks are found. */
export function columnListsOf({ columnLists, objects, settings }: Loader): ColumnLists {
  return columnLists ?? new ColumnLists(objects, settings.control);
}

/** @throws LoadError `target-unknown` */
export function definitionOf(loader: Loader, target: string): TargetDefinition {
  const definition = loader.targets.get(target);
  if (definition) return definition;
  throw new LoadError('target-unknown', `'${target}' is not a target of the configuration`, {
    hint: `name one of ${[...loader.targets.keys()].join(', ')}`,
  });
}

/** A number in [0, 1) from the loader's source of chance. */
export function chanceOf(loader: Loader): number {
  const [a = 0, b = 0, c = 0] = loader.random();
  return (a * 65_536 + b * 256 + c) / 16_777_216;
}
