import type { EventConfig } from '../../config/event-config.ts';
import type { Route } from '../../file/route.ts';
import type { CheckResult, DoctorRequest, Examination } from '../../ports/doctor.ts';
import { definitionOf, type Loader } from '../../verbs/loader.ts';
import { checkEvents } from './check-events.ts';
import { checkLane } from './check-lane.ts';
import { checkObjects } from './check-objects.ts';
import { fails, failsBy, passes, warns } from './check-result.ts';
import { checkTarget } from './check-target.ts';
import { checkWarehouse } from './check-warehouse.ts';
import { probeWarehouse } from './probe-warehouse.ts';

export interface DiagnoseOptions {
  readonly routes: readonly Route[];
  /** What the configuration says of events; null: nothing. */
  readonly events: EventConfig | null;
  /** What else is there to be looked at: queues, disks, ports. */
  readonly examinations: readonly Examination[];
  /** Lets time pass between two looks at a statement. */
  readonly pause: (ms: number) => Promise<void>;
  /** What is still to be done to the warehouse's tables. */
  readonly pendingMigrations: () => Promise<readonly string[]>;
}

/**
 * Looks at everything that loading depends on, and says of each thing whether it is as it should be, and what to do if it
 * is not. Writes one object below the control prefix and takes it away; with `live` also tables of its own.
 *
 * It does not throw for what it finds: whatever a check throws is a failed check.
 *
 * @throws LoadError `target-unknown` when the request names a target that is not configured
 */
export async function diagnose(
  loader: Loader,
  { live, target: only }: DoctorRequest,
  { routes, events, examinations, pause, pendingMigrations }: DiagnoseOptions,
): Promise<readonly CheckResult[]> {
  const definitions = only === undefined ? [...loader.targets.values()] : [definitionOf(loader, only)];
  const results: CheckResult[] = [checkConfiguration(loader)];
  const add = async (check: string, look: () => Promise<readonly CheckResult[]>): Promise<void> => {
    try {
      results.push(...(await look()));
    } catch (error) {
      results.push(failsBy(check, error));
    }
  };
  await add('objects', () => checkObjects(loader, { routes }));
  for (const examination of examinations) await add(examination.check, () => examination.examine());
  let isThere = false;
  let pending: readonly string[] = [];
  await add('warehouse', async () => {
    const found = await checkWarehouse(loader);
    isThere = found.isThere;
    return found.results;
  });
  if (isThere) {
    await add('migrations', async () => {
      pending = await pendingMigrations();
      return [checkMigrations(pending)];
    });
    for (const definition of definitions) {
      await add(`table ${definition.name}`, () => checkTarget(loader, definition, { pending }));
    }
    if (events !== null) await add('events', () => checkEvents(loader.warehouse, events, { pending }));
  } else if (definitions.length > 0) {
    const detail = 'the warehouse does not answer, so its tables could not be looked at';
    results.push(fails('tables', detail, 'try again when it does'));
  }
  for (const { name } of definitions) await add(`lane ${name}`, async () => [await checkLane(loader, name)]);
  if (live && isThere) await add('live', () => probeWarehouse(loader, { pause }));
  return results;
}

function checkMigrations(pending: readonly string[]): CheckResult {
  if (pending.length === 0) return passes('migrations', 'all are applied');
  const detail = `${pending.join(', ')} ${pending.length === 1 ? 'is' : 'are'} not applied yet`;
  return warns('migrations', detail, '`millrace up` applies them when it starts, `millrace migrate` at once');
}

function checkConfiguration({ targets, settings: { maxLoads } }: Loader): CheckResult {
  if (targets.size === 0) {
    return warns('configuration', 'has no targets: nothing is loaded', 'add a target');
  }
  const places = `${maxLoads} ${maxLoads === 1 ? 'load' : 'loads'} at once`;
  return passes('configuration', `${targets.size} ${targets.size === 1 ? 'target' : 'targets'}, ${places}`);
}
