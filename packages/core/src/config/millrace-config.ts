import type { RouteRule } from '../file/route.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { ObjectRef } from '../ports/object-store.ts';

/** A target as it is configured: what the verbs know of it, and how its files find it. */
export interface ConfiguredTarget extends TargetDefinition {
  readonly rules: readonly RouteRule[];
}

export interface LocalWarehouse {
  readonly kind: 'local';
  /** The database file. */
  readonly path: string;
  /** The budget: loads that may run at once. */
  readonly maxLoads: number;
  /** 0: no limit. */
  readonly statementTimeoutMs: number;
}

/** A configuration, checked and with every default filled in: times in milliseconds, sizes in bytes. */
export interface MillraceConfig {
  readonly warehouse: LocalWarehouse;
  readonly objects: { readonly kind: 'directory'; readonly path: string };
  readonly tracker: { readonly kind: 'sqlite'; readonly path: string };
  /** By name, in the order in which they are written. */
  readonly targets: ReadonlyMap<string, ConfiguredTarget>;
  /** Millrace's own prefix; the key is empty or ends with `/`. */
  readonly control: ObjectRef;
  readonly migrations: string;
  readonly settleMs: number;
  readonly sweepMs: number;
}
