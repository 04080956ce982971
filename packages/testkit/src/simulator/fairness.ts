import {
  backfillFiles,
  DEFAULT_RETRY,
  type ObjectInfo,
  type ObjectRef,
  prepareTarget,
  type StatementRef,
  type TargetDefinition,
} from '@millrace/core';
import { MemoryObjectStore } from '../memory/memory-object-store.ts';
import { Courier } from './courier.ts';
import { Coverage } from './coverage.ts';
import { Dice } from './dice.ts';
import type { EngineEvents } from './engine.ts';
import { ARCHIVE, BACKLOG, BUSY, fairnessTargets } from './fairness-lanes.ts';
import type { FairnessOptions } from './fairness-options.ts';
import { type FairnessReport, judgeFairness } from './fairness-report.ts';
import { FaultPlan } from './fault-plan.ts';
import { FunctionDeployment } from './function-deployment.ts';
import { Gate } from './gate.ts';
import { BUCKET, CONTROL } from './lane-kind.ts';
import { ModelEngine } from './model-engine.ts';
import { Outages } from './outages.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedWarehouse } from './simulated-warehouse.ts';
import { Story } from './story.ts';
import { Workshop } from './workshop.ts';

const START_AT = Date.UTC(2026, 0, 5);
const SWEEP_MS = 60_000;
/** Objects that one notification brings. */
const ANNOUNCED = 100;
/** When the backlog comes: after the live lanes have settled into their pace. */
const BACKLOG_AT_MS = 60_000;
const BACKFILL_AT_MS = 120_000;
const BURSTS_AT_MS = [400_000, 800_000];
const BACKFILL_LOOK_MS = 1_000;
const MAX_MS = 4 * 3_600_000;

/** Many lanes, few places, and a lane that could use all of them: how fresh are the others, and does that lane get on? */
export async function simulateFairness(options: FairnessOptions): Promise<FairnessReport> {
  const run = new Fairness(options);
  await run.go();
  return run.report();
}

class Fairness {
  readonly #options: FairnessOptions;
  readonly #scheduler = new Scheduler(START_AT);
  readonly #dice: Dice;
  readonly #story: Story;
  readonly #objects: MemoryObjectStore;
  readonly #targets: ReadonlyMap<string, TargetDefinition>;
  readonly #engine: ModelEngine;
  readonly #workshop: Workshop;
  readonly #deployment: FunctionDeployment;
  readonly #writtenAt = new Map<string, number>();
  readonly #agesMs = new Map<string, number[]>();
  readonly #busyCommits: number[] = [];
  #busyLoaded = 0;
  #jobs = 0;
  #files = 0;

  constructor(options: FairnessOptions) {
    this.#options = options;
    this.#dice = new Dice(`fairness ${options.seed}`);
    this.#story = new Story(this.#scheduler, { isTold: options.isTold ?? false });
    this.#objects = new MemoryObjectStore({ now: () => this.#scheduler.now });
    this.#targets = fairnessTargets(options);
    const faults = new FaultPlan(this.#dice.fork('faults'), { isHarsh: false });
    faults.calm();
    const dice = this.#dice.fork('engine');
    this.#engine = new ModelEngine({
      objects: this.#objects,
      dice,
      durationOf: ({ kind }) => (kind === 'copy' ? options.loadMs : dice.int(10, 60)),
      namelessErrors: 0,
    });
    const courier = new Courier(this.#scheduler, faults, (target) => this.#deployment.wake(target));
    const warehouse = new SimulatedWarehouse({
      engine: this.#engine,
      dialect: this.#engine.dialect,
      scheduler: this.#scheduler,
      dice: this.#dice.fork('warehouse'),
      faults,
      story: this.#story,
      tokenLifeMs: 8 * 3_600_000,
      retentionMs: 60_000,
      listLagMs: 0,
      tokenOf: ({ clientToken }) => clientToken,
      events: {
        onSubmitted: () => undefined,
        eventsOf: (ref) => this.#eventsOf(ref),
        onReported: () => undefined,
        onEnded: (ref) => courier.deliver(() => this.#deployment.ended(ref.name)),
      },
    });
    const targetOf = new Map([...this.#targets].map(([name, { from }]) => [from[0]?.split('/')[3], name]));
    this.#workshop = new Workshop({
      tracker: options.tracker,
      objects: this.#objects,
      warehouse,
      wakes: courier,
      targets: this.#targets,
      routesOf: ({ bucket, key }) => {
        const target = bucket === BUCKET ? targetOf.get(key.split('/')[0]) : undefined;
        return target === undefined ? [] : [target];
      },
      settings: {
        control: CONTROL,
        database: 'dev',
        iamRole: 'default',
        leaseMs: 60_000,
        lockTimeoutMs: 10_000,
        statementTimeoutMs: 0,
        maxLoads: options.maxLoads,
        retry: DEFAULT_RETRY,
      },
      gate: new Gate({
        scheduler: this.#scheduler,
        dice: this.#dice.fork('gate'),
        faults,
        outages: new Outages(this.#scheduler),
        coverage: new Coverage(),
        story: this.#story,
        aims: [],
      }),
      scheduler: this.#scheduler,
      dice: this.#dice.fork('workers'),
      story: this.#story,
      maxSkewMs: 0,
    });
    this.#deployment = new FunctionDeployment(this.#workshop);
  }

  async go(): Promise<void> {
    const { backlog, backfill, lastsMs, everyFileMs } = this.#options;
    await this.#prepare();
    const beginAt = this.#scheduler.now;
    const live = [...this.#targets.values()].filter(({ name }) => name !== BUSY);
    for (const target of live) {
      const dice = this.#dice.fork(target.name);
      const again = (): void => {
        if (this.#scheduler.now >= beginAt + lastsMs) return;
        this.#writeLive(target);
        this.#scheduler.after(-Math.log(1 - dice.next()) * everyFileMs, again);
      };
      this.#scheduler.after(dice.int(1, everyFileMs), again);
    }
    for (const at of BURSTS_AT_MS) {
      this.#scheduler.after(at, () => {
        for (const target of live) this.#writeLive(target);
      });
    }
    this.#scheduler.after(BACKLOG_AT_MS, () => this.#do(this.#writeBacklog(backlog)));
    this.#scheduler.after(BACKFILL_AT_MS, () => this.#do(this.#backfill(backfill)));
    this.#everyMinute();
    const isDone = (): boolean =>
      this.#scheduler.now >= beginAt + lastsMs &&
      this.#writtenAt.size === 0 &&
      this.#busyLoaded >= backlog + backfill;
    await this.#scheduler.run({
      until: beginAt + MAX_MS,
      isOver: () => isDone() || this.#story.violations.length > 0,
    });
  }

  report(): FairnessReport {
    return judgeFairness(this.#options, {
      lanes: this.#targets.size,
      files: this.#files,
      jobs: this.#jobs,
      agesMs: [...this.#agesMs.values()],
      notLoaded: this.#writtenAt.size,
      busyFiles: this.#busyLoaded,
      busyCommits: this.#busyCommits.map((commitAt) => commitAt - START_AT),
      violations: this.#story.violations.map(({ checker, text }) => `${checker}: ${text}`),
    });
  }

  #do(work: Promise<void>): void {
    work.catch((error: unknown) => this.#story.violate('verbs do not break', String(error)));
  }

  async #prepare(): Promise<void> {
    let isReady = false;
    const prepare = async (): Promise<void> => {
      const { parts } = this.#workshop;
      for (const target of this.#targets.keys()) {
        await this.#engine.createTable(target);
        await prepareTarget(
          {
            ...parts,
            now: () => this.#scheduler.now,
            random: () => parts.dice.bytes(16),
            onEvent: () => undefined,
          },
          target,
        );
      }
      isReady = true;
    };
    this.#do(prepare());
    await this.#scheduler.run({ until: START_AT + MAX_MS, isOver: () => isReady });
  }

  #everyMinute(): void {
    this.#scheduler.after(SWEEP_MS, () => {
      this.#deployment.sweep();
      this.#everyMinute();
    });
  }

  #writeLive({ name, from: [prefix = ''] }: TargetDefinition): void {
    const write = async (): Promise<void> => {
      const key = prefix.split('/').slice(3).join('/');
      const info = await this.#write({ bucket: BUCKET, key });
      this.#writtenAt.set(`s3://${info.bucket}/${info.key}`, this.#scheduler.now);
      this.#agesMs.set(name, this.#agesMs.get(name) ?? []);
      this.#deployment.notify([{ ...info, writtenAt: info.lastModifiedAt }]);
    };
    this.#do(write());
  }

  async #writeBacklog(files: number): Promise<void> {
    let announced: ObjectInfo[] = [];
    const announce = (): void => {
      this.#deployment.notify(announced.map((info) => ({ ...info, writtenAt: info.lastModifiedAt })));
      announced = [];
    };
    for (let file = 0; file < files; file += 1) {
      announced.push(await this.#write(BACKLOG));
      if (announced.length === ANNOUNCED) announce();
    }
    if (announced.length > 0) announce();
  }

  /** As the command line does it: a step at a time, the next one when what the last one handed over is loaded. */
  async #backfill(files: number): Promise<void> {
    for (let file = 0; file < files; file += 1) await this.#write(ARCHIVE);
    const worker = this.#workshop.hire('operator');
    const loader = this.#workshop.loaderOf(worker, 'backfill');
    const prefix = `s3://${ARCHIVE.bucket}/${ARCHIVE.key}`;
    for (let after: string | null = null; ; ) {
      const { handed, next } = await backfillFiles(loader, { target: BUSY, prefix, dryRun: false, after });
      const last = handed.at(-1);
      while (last !== undefined) {
        const [file] = await loader.tracker.filesById(BUSY, [last.id]);
        if (file?.status === 'loaded') break;
        await this.#scheduler.sleep(BACKFILL_LOOK_MS);
      }
      if (next === null) return;
      after = next;
    }
  }

  async #write({ bucket, key }: ObjectRef): Promise<ObjectInfo> {
    this.#files += 1;
    const name = String(this.#files).padStart(7, '0');
    const info = await this.#objects.write({ bucket, key: `${key}${name}.csv` }, `k${name},1,v${name},\n`);
    if (info === undefined) throw new Error(`${key}${name} was not written`);
    return info;
  }

  #eventsOf({ name }: StatementRef): EngineEvents {
    const urls: string[] = [];
    return {
      onCopied: ({ url }) => urls.push(url),
      onCommitted: () => {
        this.#jobs += 1;
        const target = name.split('/')[1] ?? '';
        if (target === BUSY) {
          this.#busyLoaded += urls.length;
          this.#busyCommits.push(this.#scheduler.now);
          return;
        }
        for (const url of urls) {
          const writtenAt = this.#writtenAt.get(url);
          if (writtenAt === undefined) this.#story.violate('loaded once', `${url} was loaded twice`);
          else this.#agesMs.get(target)?.push(this.#scheduler.now - writtenAt);
          this.#writtenAt.delete(url);
        }
      },
    };
  }
}
