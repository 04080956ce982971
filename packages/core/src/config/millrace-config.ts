import type { RouteRule } from '../file/route.ts';
import type { Compression, FileCopy, TargetDefinition } from '../load/target-definition.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import type { WindowRule } from '../recover/windows/maintenance-window.ts';
import type { EventConfig } from './event-config.ts';
import type { AlertPlace, SecretRef } from './read-alerts.ts';
import type { LoadedHook } from './read-loaded-hooks.ts';

/** What `format` and `copy` come to, of a target or of one of its sources. */
export interface CompiledCopy extends Pick<FileCopy, 'format' | 'iamRole'> {
  /** All COPY options but source, role and MANIFEST, canonical, for one compression. */
  copyOptions(compression: Compression): string;
  /** What the key's ending, or the configuration, says. */
  compressionOf(key: string): Compression;
}

/** Where files of a target come from. */
export interface SourceRule extends RouteRule {
  /** What they look like; null: as the target says. */
  readonly copy: CompiledCopy | null;
}

/**
 * A target as it is configured: what the verbs know of it, and how its files find it. The format of the target itself
 * is that of the files whose source says nothing of theirs; when every source does, it is the first one's.
 */
export interface ConfiguredTarget extends TargetDefinition, CompiledCopy {
  readonly rules: readonly SourceRule[];
  /** The queues that announce files of the target, wherever these are. */
  readonly queues: readonly string[];
}

interface LoadBudget {
  /** The budget: loads that may run at once. */
  readonly maxLoads: number;
  /** 0: no limit. */
  readonly statementTimeoutMs: number;
  /** When nothing is loaded. */
  readonly windows: readonly WindowRule[];
  /** How long an outage may last before it is told as overdue. */
  readonly maxHoldMs: number;
}

/** Where a service of AWS is, as far as the SDK does not find it itself. */
export interface AwsPlace {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
}

export interface LocalWarehouse extends LoadBudget {
  readonly kind: 'local';
  /** The database file. */
  readonly path: string;
}

export interface RedshiftWarehouse extends LoadBudget, AwsPlace {
  readonly kind: 'redshift';
  readonly address: { readonly cluster: string; readonly dbUser?: string } | { readonly workgroup: string };
  readonly database: string;
  readonly secretArn?: string | undefined;
  /** The role that COPY reads objects with: an ARN, or `default`. */
  readonly iamRole: string;
}

export interface PostgresPlace extends LoadBudget {
  readonly kind: 'postgres';
  /** `postgres://…`; it may hold a password, and is shown nowhere. */
  readonly url: string | SecretRef;
}

export type ObjectsPlace =
  | { readonly kind: 'directory'; readonly path: string }
  | ({ readonly kind: 's3'; readonly notifications?: string | undefined } & AwsPlace);

export type TrackerPlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | ({ readonly kind: 'dynamodb'; readonly table: string } & AwsPlace);

export type WakesPlace = { readonly kind: 'sqs'; readonly queue: string } & AwsPlace;

/** A configuration, checked and with every default filled in: times in milliseconds, sizes in bytes. */
export interface MillraceConfig {
  /** The environment that was picked; null: what the document says for all. */
  readonly environment: string | null;
  readonly warehouse: LocalWarehouse | RedshiftWarehouse | PostgresPlace;
  readonly objects: ObjectsPlace;
  readonly tracker: TrackerPlace;
  /** Null: beside the tracker's file, or in the process itself. */
  readonly wakes: WakesPlace | null;
  /** By name, in the order in which they are written. */
  readonly targets: ReadonlyMap<string, ConfiguredTarget>;
  /** Millrace's own prefix; the key is empty or ends with `/`. */
  readonly control: ObjectRef;
  readonly migrations: string;
  /** Null: no events. */
  readonly events: EventConfig | null;
  readonly settleMs: number;
  readonly sweepMs: number;
  /** Who is told of conditions. */
  readonly alerts: readonly AlertPlace[];
  /** Who is told of tables that were loaded. */
  readonly tableLoaded: readonly LoadedHook[];
}
