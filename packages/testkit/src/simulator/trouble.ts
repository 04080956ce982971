import type { Deployment } from './deployment.ts';
import type { Dice } from './dice.ts';
import { EXTERNAL } from './end-checks.ts';
import type { FaultPlan } from './fault-plan.ts';
import { BUCKET, isGrouped, type SimulatedLane } from './lane-kind.ts';
import type { ModelEngine } from './model-engine.ts';
import type { Outages } from './outages.ts';
import type { Scheduler } from './scheduler.ts';
import { Session } from './session.ts';
import type { SimulatedWarehouse } from './simulated-warehouse.ts';
import type { Story } from './story.ts';
import type { Writers } from './writers.ts';

export interface Trouble {
  readonly lanes: readonly SimulatedLane[];
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly faults: FaultPlan;
  readonly story: Story;
  readonly outages: Outages;
  readonly warehouse: SimulatedWarehouse;
  /** Where an outside writer writes; null where there is none. */
  readonly engine: ModelEngine | null;
  readonly writers: Writers;
  readonly deployment: Deployment;
  /** How often a lane gets a file. */
  readonly everyFileMs: number;
}

/** Begins everything that goes on until it is calm: files come, outages, outside writers, people who redrive. */
export function makeTrouble(trouble: Trouble): void {
  const { lanes, scheduler, dice, faults, writers, deployment } = trouble;
  const often = (everyMs: number, body: () => void): void => {
    const again = (): void => {
      if (faults.isCalm) return;
      body();
      scheduler.after(dice.int(1, 2 * everyMs), again);
    };
    scheduler.after(dice.int(1, 2 * everyMs), again);
  };
  if (lanes.some(({ kind }) => isGrouped(kind))) often(20_000, () => void writers.writeLot());
  for (const lane of lanes) {
    often(trouble.everyFileMs, () => void writers.write(lane));
    often(120_000, () => deployment.redrive(`s3://${BUCKET}/${lane.prefix.key}`));
  }
  often(200_000, () => beginOutage(trouble));
  often(60_000, () => writeFromOutside(trouble));
}

function beginOutage({ dice, faults, story, outages, warehouse }: Trouble): void {
  const port = dice.pick(['tracker', 'objects', 'wakes', 'warehouse', 'warehouse', 'warehouse'] as const);
  const ms = dice.int(500, port === 'warehouse' ? 90_000 : 15_000);
  faults.note(port === 'warehouse' ? 'maintenance' : 'outage');
  story.tell(() => `${port} is away for ${ms} ms`);
  outages.begin(port, ms);
  if (port === 'warehouse' && dice.chance(0.7)) warehouse.killAll();
}

/** Somebody else writes to a target: holds its lock for a while, adds rows of its own, touches those that are there. */
function writeFromOutside({ lanes, scheduler, dice, faults, story, engine }: Trouble): void {
  if (engine === null) return;
  const { locks, store } = engine;
  const target = dice.pick(lanes).definition.name;
  const session = new Session(-1 - dice.int(0, 1_000_000), scheduler);
  const write = async (): Promise<void> => {
    await locks.acquire(target, session, { limitMs: 0 });
    const transaction = store.begin();
    const rows = transaction.read(target);
    await session.takeTime(dice.int(1, 8_000));
    if (dice.chance(0.5)) transaction.replace(target, [...rows]);
    const name = `${EXTERNAL}-${session.id}`;
    transaction.append(target, [{ k: name, at: 0, v: name, op: 'U' }]);
    transaction.commit();
    locks.releaseAll(session);
  };
  faults.note('external-writer');
  write().catch((error: unknown) =>
    story.violate('verbs do not break', `an outside writer failed: ${error}`),
  );
}
