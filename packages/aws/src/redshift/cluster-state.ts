import { type Cluster, DescribeClustersCommand, type RedshiftClient } from '@aws-sdk/client-redshift';
import {
  type EpochMs,
  LoadError,
  type MaintenanceWindow,
  nextWindow,
  parseWeeklyWindow,
  type WarehouseState,
} from '@millrace/core';
import { toDataApiError } from './data-api-errors.ts';

/**
 * Whether a provisioned cluster takes queries now, and when its maintenance is next.
 *
 * Only `Available` counts as available: in maintenance and while it is modified a cluster answers now and then, and
 * what runs is killed. Windows that are deferred are left out.
 *
 * @throws LoadError `warehouse-missing`, `access-denied` (class `config`); `unavailable` when AWS could not be asked.
 */
export async function clusterState(
  client: RedshiftClient,
  cluster: string,
  { now }: { now: EpochMs },
): Promise<WarehouseState> {
  const found = await describe(client, cluster);
  const windows = windowsOf(found, now);
  const status = found.ClusterStatus ?? 'unknown';
  const availability =
    found.ClusterAvailabilityStatus ?? (status.startsWith('available') ? 'Available' : 'Unavailable');
  if (availability === 'Available') return { kind: 'available', windows };
  const reason = `cluster ${cluster} is ${status} (${availability})`;
  return { kind: 'unavailable', reason, until: endOf(found, { now, windows }), windows };
}

async function describe(client: RedshiftClient, cluster: string): Promise<Cluster> {
  const call = { operation: 'DescribeClusters', place: `cluster ${cluster}`, changes: false };
  try {
    const { Clusters } = await client.send(new DescribeClustersCommand({ ClusterIdentifier: cluster }));
    const [found] = Clusters ?? [];
    if (found !== undefined) return found;
  } catch (cause) {
    throw toDataApiError(cause, call);
  }
  throw new LoadError('warehouse-missing', `DescribeClusters names no cluster ${cluster}`, {
    class: 'config',
    hint: 'correct the name or the region',
  });
}

function windowsOf(
  { PreferredMaintenanceWindow, DeferredMaintenanceWindows }: Cluster,
  now: EpochMs,
): readonly MaintenanceWindow[] {
  if (PreferredMaintenanceWindow === undefined) return [];
  const deferrals = (DeferredMaintenanceWindows ?? []).flatMap(
    ({ DeferMaintenanceStartTime: from, DeferMaintenanceEndTime: to }) =>
      from === undefined || to === undefined ? [] : [{ startsAt: from.getTime(), endsAt: to.getTime() }],
  );
  const next = nextWindow(parseWeeklyWindow(PreferredMaintenanceWindow), { now, deferrals });
  return next === undefined ? [] : [next];
}

/** A resize and a restore tell how long they take; maintenance is likely over with its window. */
function endOf(
  { ClusterAvailabilityStatus, DataTransferProgress, RestoreStatus }: Cluster,
  { now, windows }: { now: EpochMs; windows: readonly MaintenanceWindow[] },
): EpochMs | null {
  const seconds =
    DataTransferProgress?.EstimatedTimeToCompletionInSeconds ??
    RestoreStatus?.EstimatedTimeToCompletionInSeconds;
  if (seconds !== undefined && seconds > 0) return now + seconds * 1_000;
  const current = windows.find(({ startsAt, endsAt }) => startsAt <= now && now < endsAt);
  return ClusterAvailabilityStatus === 'Maintenance' && current !== undefined ? current.endsAt : null;
}
