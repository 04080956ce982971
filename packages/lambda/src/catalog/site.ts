import { randomBytes } from 'node:crypto';
import { DynamoDbTracker } from '@millrace/aws/dynamodb';
import { DataApiWarehouse, redshiftAvailability, type WarehouseAddress } from '@millrace/aws/redshift';
import { S3ObjectStore } from '@millrace/aws/s3';
import { SqsWakeQueue } from '@millrace/aws/sqs';
import {
  type AlertPlace,
  DEFAULT_RETRY,
  type Loader,
  type LoaderSettings,
  type ObjectRef,
  type TargetDefinition,
  type WakeQueue,
} from '@millrace/core';
import { ObjectShapes } from '@millrace/shapes';
import type { Clients } from '../clients.ts';
import type { SiteEvents } from '../events/site-events.ts';
import { errorFields, type Log } from '../log.ts';

/** One database of one warehouse with the targets in it. Everything in it outlives an invocation, and decides nothing. */
export interface Site {
  /** Tells its lanes from those of other sites in the tracker's table, and in wakes. */
  readonly name: string;
  /** The cluster or workgroup. */
  readonly warehouse: string;
  readonly database: string;
  /** Without wakes and events: an invocation puts in its own. */
  readonly loader: Omit<Loader, 'wakes' | 'onEvent'>;
  /**
   * Where wakes wait; undefined: nowhere, and the sweeper finds what is due. Remembers what it has sent and is still to
   * come, so that an intake per second does not send its lane's wake each time.
   */
  readonly wakes: WakeQueue | undefined;
  /** Sends a wake on that came early, also one that this container has sent before. */
  readonly sendOn: (name: string, wakeAt: number) => Promise<void>;
  /** What comes before a target in a wake's message: several sites may share a queue. */
  readonly wakePrefix: string;
  /** The loader's targets. Those that only a bulk document names come last. */
  readonly targets: Map<string, TargetDefinition>;
  /** Targets that only a bulk document names: others go first. */
  readonly bulkTargets: Set<string>;
  /** Who is told of its conditions. */
  readonly alerts: readonly AlertPlace[];
  /** What becomes of a stream's events; null: nothing. */
  readonly events: SiteEvents | null;
  /** Targets that this container has found ready, or made ready. */
  readonly prepared: Set<string>;
}

export interface SitePlace {
  readonly name: string;
  readonly address: WarehouseAddress;
  readonly database: string;
  readonly secretArn?: string | undefined;
  readonly table: string;
  readonly settings: Pick<
    LoaderSettings,
    'control' | 'iamRole' | 'maxLoads' | 'statementTimeoutMs' | 'windows' | 'maxHoldMs'
  >;
  readonly routesOf: (at: ObjectRef) => readonly string[];
  readonly wakeQueueUrl: string | undefined;
  readonly wakePrefix: string;
  readonly alerts: readonly AlertPlace[];
  /** @default null */
  readonly events?: SiteEvents | null;
}

/** How long nobody looks at a job that is in hand. Its completion event comes long before. */
const LEASE_MS = 60_000;
const LOCK_TIMEOUT_MS = 60_000;

/**
 * How long a handler waits for a question to the warehouse: below the two minutes that a function has. What takes
 * longer is cancelled, and asked again by the next invocation.
 */
const QUESTION_TIMEOUT_MS = 90_000;

/** A throttled call is given up early: the lane backs off by itself, and no function is paid for waiting. */
const PATIENCE_MS = 1_000;

export function openSite(
  place: SitePlace,
  { clients, now, log }: { clients: Clients; now: () => number; log: Log },
): Site {
  const { name, address, database, secretArn, table, settings, routesOf, wakePrefix, wakeQueueUrl } = place;
  const targets = new Map<string, TargetDefinition>();
  const objects = new S3ObjectStore(clients.s3, { now });
  const loader: Site['loader'] = {
    tracker: new DynamoDbTracker(clients.dynamodb, { table, database: name, now }),
    objects,
    shapes: new ObjectShapes(objects),
    warehouse: new DataApiWarehouse(clients.redshiftData, {
      address,
      database,
      secretArn,
      timeoutMs: QUESTION_TIMEOUT_MS,
      patienceMs: PATIENCE_MS,
      now,
    }),
    // The control plane is not asked: its client would make every function a third larger. A cluster is probed.
    availability: redshiftAvailability(
      clients.redshiftData,
      { address, database, secretArn },
      { now, onError: (error) => log.warn('the state of the warehouse is not known', errorFields(error)) },
    ),
    targets,
    routesOf,
    settings: {
      ...settings,
      database,
      leaseMs: LEASE_MS,
      lockTimeoutMs: LOCK_TIMEOUT_MS,
      retry: DEFAULT_RETRY,
    },
    now,
    random: () => randomBytes(16),
  };
  const openWakes = (): SqsWakeQueue | undefined =>
    wakeQueueUrl === undefined ? undefined : new SqsWakeQueue(clients.sqs, { queueUrl: wakeQueueUrl, now });
  return {
    name,
    warehouse: 'workgroup' in address ? address.workgroup : address.cluster,
    database,
    loader,
    wakes: openWakes(),
    sendOn: async (wakeName, wakeAt) => openWakes()?.wake(wakeName, wakeAt),
    wakePrefix,
    targets,
    bulkTargets: new Set(),
    alerts: place.alerts,
    events: place.events ?? null,
    prepared: new Set(),
  };
}
