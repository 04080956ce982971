import type { EventConfig } from '../../config/event-config.ts';
import type { CheckResult } from '../../ports/doctor.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import { fails, failsBy, passes, warns } from './check-result.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Below it a weekend with a broken consumer loses events. */
export const RETENTION_MS = 7 * DAY_MS;

/** How long the stream keeps events that nobody has consumed. */
export function checkRetention(check: string, retentionMs: number): CheckResult {
  const days = Math.round((10 * retentionMs) / DAY_MS) / 10;
  const detail = `events are kept for ${days} ${days === 1 ? 'day' : 'days'}`;
  if (retentionMs >= RETENTION_MS) return passes(check, detail);
  const fix = 'keep them for 7 days at least: what was not consumed by then is gone';
  return retentionMs < DAY_MS ? fails(check, detail, fix) : warns(check, detail, fix);
}

/**
 * Whether the tables of event mappings have the columns that the mappings fill. What a function makes of an event is only
 * known when there is one.
 *
 * @param options `pending`: migrations that are not applied yet; one of them may make the table.
 */
export async function checkEvents(
  warehouse: Pick<Warehouse, 'describeTable'>,
  { transforms }: Pick<EventConfig, 'transforms'>,
  { pending }: { pending: readonly string[] },
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const [type, mapping] of transforms.mappings) {
    const check = `event ${type}`;
    if (mapping === null) {
      results.push(passes(check, 'is a function: `millrace transform` shows what it makes of an event'));
      continue;
    }
    for (const { target, names } of mapping.rows) {
      results.push(await checkRow(warehouse, { check, target, names, pending }));
    }
  }
  return results;
}

async function checkRow(
  warehouse: Pick<Warehouse, 'describeTable'>,
  {
    check,
    target,
    names,
    pending,
  }: { check: string; target: string; names: readonly string[]; pending: readonly string[] },
): Promise<CheckResult> {
  try {
    const columns = await warehouse.describeTable(target);
    if (columns === undefined && pending.length > 0) {
      return warns(check, `${target} is not in the warehouse yet`, 'apply the migrations');
    }
    if (columns === undefined) {
      return fails(
        check,
        `makes rows of ${target}, which is not in the warehouse`,
        'create it by a migration',
      );
    }
    const missing = names.filter((name) => !columns.some((column) => column.name === name));
    if (missing.length === 0) return passes(check, `its ${names.length} columns are in ${target}`);
    return fails(
      check,
      `${missing.join(', ')} ${missing.length === 1 ? 'is no column' : 'are no columns'} of ${target}`,
      'add the columns by a migration, or correct the mapping',
    );
  } catch (error) {
    return failsBy(check, error);
  }
}
