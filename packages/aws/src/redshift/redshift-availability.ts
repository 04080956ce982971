import type { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { Availability, WarehouseState } from '@millrace/core';
import { DataApiWarehouse } from './data-api-warehouse.ts';
import type { WarehousePlace } from './warehouse-address.ts';

export interface RedshiftAvailabilityOptions {
  /** Asks the control plane: `clusterState` or `workgroupState`. Left out, it is not asked. */
  readonly ask?: (() => Promise<WarehouseState>) | undefined;
  readonly now: () => number;
  /** Told once when the control plane cannot be asked any more, and again after it could. */
  readonly onError: (error: unknown) => void;
}

/** How long an answer of the control plane is believed, and how long one that failed is not asked again. */
const STATE_MAX_AGE_MS = 60_000;
/** A question that takes longer says nothing: a cluster that is up answers it in less than a second. */
const PROBE_TIMEOUT_MS = 10_000;
const PROBE_PATIENCE_MS = 1_000;

/**
 * What can be asked about a Redshift beside its loads: the control plane, at most once a minute; and, of a cluster, a
 * statement that reads no table. A workgroup is not asked one: it would wake, and be paid for.
 */
export function redshiftAvailability(
  client: RedshiftDataClient,
  place: WarehousePlace,
  { ask, now, onError }: RedshiftAvailabilityOptions,
): Availability {
  const state = ask && rememberState(ask, { now, onError });
  if ('workgroup' in place.address) return state ? { state } : {};
  const prober = new DataApiWarehouse(client, {
    ...place,
    timeoutMs: PROBE_TIMEOUT_MS,
    patienceMs: PROBE_PATIENCE_MS,
    now,
  });
  const probe = async (): Promise<void> => {
    await prober.transact(['SELECT 1']);
  };
  return state ? { state, probe } : { probe };
}

/** Callers at the same time share a question. */
function rememberState(
  ask: () => Promise<WarehouseState>,
  { now, onError }: Pick<RedshiftAvailabilityOptions, 'now' | 'onError'>,
): () => Promise<WarehouseState | undefined> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer: Promise<WarehouseState | undefined> = Promise.resolve(undefined);
  let isFailing = false;
  const askNow = async (): Promise<WarehouseState | undefined> => {
    try {
      const state = await ask();
      isFailing = false;
      return state;
    } catch (error) {
      // A right that is missing, a control plane that is away: neither says anything of the warehouse.
      if (!isFailing) onError(error);
      isFailing = true;
      return undefined;
    }
  };
  return () => {
    if (now() - askedAt >= STATE_MAX_AGE_MS) {
      askedAt = now();
      answer = askNow();
    }
    return answer;
  };
}
