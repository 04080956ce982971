import {
  DEFAULT_RETRY,
  type JobDocument,
  type ObjectRef,
  placesOf,
  prepareTarget,
  readChunkKey,
  readStatementName,
  readText,
  type StatementRef,
  type Tracker,
} from '@millrace/core';
import type { MemoryObjectStore } from '../memory/memory-object-store.ts';
import type { Backing, BackingParts } from './backing.ts';
import { loadCalmly } from './calm-load.ts';
import { Courier } from './courier.ts';
import type { Aim, Coverage } from './coverage.ts';
import { type Deployment, MixedDeployment } from './deployment.ts';
import { Dice } from './dice.ts';
import { checkEnd } from './end-checks.ts';
import type { Engine } from './engine.ts';
import { FaultPlan } from './fault-plan.ts';
import { FunctionDeployment } from './function-deployment.ts';
import { Gate } from './gate.ts';
import { Lake } from './lake.ts';
import { LaneChecks } from './lane-checks.ts';
import {
  BUCKET,
  CONTROL,
  type LaneKind,
  MARKER,
  pickKinds,
  type SimulatedLane,
  simulateLanes,
} from './lane-kind.ts';
import {
  type Mechanism,
  withoutInBatch,
  withoutInDialect,
  withoutInObjects,
  withoutInTracker,
} from './mechanism.ts';
import { Outages } from './outages.ts';
import { ProcessDeployment } from './process-deployment.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedWarehouse } from './simulated-warehouse.ts';
import { Story } from './story.ts';
import { makeTrouble } from './trouble.ts';
import { watchedFilesOf } from './watched-job.ts';
import { Workshop } from './workshop.ts';
import { Writers } from './writers.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly coverage: Coverage;
  readonly without: Mechanism | null;
  readonly isTold: boolean;
  readonly isHarsh: boolean;
  readonly aims: readonly Aim[];
  /** What its lanes are like; null: by chance. */
  readonly kinds: readonly LaneKind[] | null;
}

const START_AT = Date.UTC(2026, 0, 5);
/** Files are written and things go wrong for this long, and until there were enough of both. */
const TROUBLE_MS = 480_000;
const MIN_FAULTS = 20;
const MIN_FILES = 60;
const SWEEP_MS = 60_000;
const LIST_MS = 150_000;
/** What waits when everything works again is loaded within this, whatever state it was left in. */
const MAX_REST_MS = 3_600_000;

/** One seed: lanes, writers, workers and faults, from the first file to the last row. */
export class World {
  readonly story: Story;
  readonly faults: FaultPlan;
  readonly lake: Lake;
  readonly checks: LaneChecks;
  readonly lanes: readonly SimulatedLane[];
  readonly #dice: Dice;
  readonly #scheduler: Scheduler;
  readonly #backing: Backing;
  readonly #objects: MemoryObjectStore;
  readonly #tracker: Tracker;
  readonly #engine: Engine;
  readonly #warehouse: SimulatedWarehouse;
  readonly #outages: Outages;
  readonly #courier: Courier;
  readonly #workshop: Workshop;
  readonly #deployment: Deployment;
  readonly #writers: Writers;
  #processes: ProcessDeployment | null = null;
  #listings = 0;

  /** @param open what is below the ports. */
  static async make(options: WorldOptions, open: (parts: BackingParts) => Promise<Backing>): Promise<World> {
    const dice = new Dice(`seed ${options.seed}`);
    const scheduler = new Scheduler(START_AT);
    const faults = new FaultPlan(dice.fork('faults'), {
      isHarsh: options.without !== null || options.isHarsh,
    });
    const backing = await open({ scheduler, faults, dice: dice.fork('engine') });
    return new World(options, { dice, scheduler, faults, backing });
  }

  private constructor(
    { seed, coverage, without, isTold, aims, kinds }: WorldOptions,
    { dice, scheduler, faults, backing }: BackingParts & { backing: Backing },
  ) {
    this.#dice = dice;
    this.#scheduler = scheduler;
    this.faults = faults;
    this.#backing = backing;
    this.#objects = backing.objects;
    this.#tracker = backing.tracker;
    this.#engine = backing.engine;
    this.story = new Story(scheduler, { isTold });
    this.lake = new Lake(this.#objects, () => scheduler.now);
    this.lanes = simulateLanes(kinds ?? pickKinds(dice), dice.fork('lanes'));
    this.checks = new LaneChecks(this.story, {
      now: () => scheduler.now,
      definitions: this.lanes.map(({ definition }) => definition),
    });
    this.#outages = new Outages(scheduler);
    this.#warehouse = this.#makeWarehouse(without);
    this.#courier = new Courier(scheduler, this.faults, (target) => {
      if (without !== 'wakes') this.#deployment.wake(target);
    });
    const checkedObjects = this.checks.aroundObjects(this.#objects);
    const shape = dice.pick(['functions', 'functions', 'process', 'embedded', 'mixed'] as const);
    this.#workshop = new Workshop({
      tracker: withoutInTracker(
        this.checks.around(this.#tracker, { onEmpty: (target) => this.#writers.surprise(target) }),
        without,
      ),
      objects: withoutInObjects(checkedObjects, without),
      warehouse: this.#warehouse,
      wakes: this.#courier,
      targets: new Map(this.lanes.map(({ definition }) => [definition.name, definition])),
      routesOf: (at) => this.#routesOf(at),
      settings: {
        control: CONTROL,
        database: 'dev',
        iamRole: 'default',
        leaseMs: dice.pick([10_000, 30_000, 60_000]),
        lockTimeoutMs: dice.pick([2_000, 10_000]),
        statementTimeoutMs: 0,
        maxLoads: dice.pick([1, 2, 4, 10]),
        retry: dice.pick([DEFAULT_RETRY, { maxAttempts: 3, baseMs: 500, capMs: 20_000 }]),
      },
      gate: new Gate({
        scheduler,
        dice: dice.fork('gate'),
        faults: this.faults,
        outages: this.#outages,
        coverage,
        story: this.story,
        aims,
      }),
      scheduler,
      dice: dice.fork('workers'),
      story: this.story,
      maxSkewMs: dice.pick([0, 500, 5_000, 40_000]),
    });
    this.#deployment = this.#deploy(shape);
    this.#writers = new Writers({
      lanes: this.lanes,
      lake: this.lake,
      scheduler,
      dice: dice.fork('writers'),
      faults: this.faults,
      courier: this.#courier,
      deployment: this.#deployment,
      story: this.story,
    });
    this.story.tell(
      () =>
        `seed ${seed}: ${shape}, lanes ${this.lanes.map(({ kind }) => kind).join(', ')}; ${JSON.stringify(this.#workshop.parts.settings)}`,
    );
    if (without !== 'sweeper') this.#every(SWEEP_MS, () => this.#deployment.sweep());
    if (without !== 'lister') {
      this.#every(LIST_MS, () => {
        this.#listings += 1;
        this.#deployment.list();
      });
    }
  }

  /** From the first file to the last check. */
  async run(): Promise<void> {
    await this.#prepare();
    await this.#trouble();
    await this.#comeToRest('everything comes to rest');
    if (this.story.violations.length > 0) return;
    await loadCalmly({
      lanes: this.lanes,
      scheduler: this.#scheduler,
      dice: this.#dice.fork('calm'),
      story: this.story,
      writers: this.#writers,
      checks: this.checks,
      maxSkewMs: this.#workshop.parts.maxSkewMs,
    });
    await this.#comeToRest('everything comes to rest');
    await checkEnd({
      lanes: this.lanes,
      lake: this.lake,
      tracker: this.#tracker,
      checks: this.checks,
      story: this.story,
      rowsOf: (target) => this.#engine.rowsOf(target),
      isThere: (place) => this.lake.isThere(place),
    });
  }

  /** Everything below the ports is closed; the world is over. */
  close(): Promise<void> {
    return this.#backing.close();
  }

  #makeWarehouse(without: Mechanism | null): SimulatedWarehouse {
    const dice = this.#dice.fork('warehouse');
    const warehouse = new SimulatedWarehouse({
      engine: this.#engine,
      dialect: withoutInDialect(this.#engine.dialect, without),
      scheduler: this.#scheduler,
      dice,
      faults: this.faults,
      story: this.story,
      tokenLifeMs: 8 * 3_600_000,
      retentionMs: dice.pick([24 * 3_600_000, 24 * 3_600_000, 20_000]),
      listLagMs: dice.pick(without === null ? [0, 0, 5_000, 90_000] : [90_000]),
      tokenOf: (batch) => withoutInBatch(batch, without, () => `token-${dice.next()}`).clientToken,
      events: {
        onSubmitted: (ref) => {
          this.checks.submitted(ref);
          this.#watch(ref);
        },
        eventsOf: (ref) => this.checks.eventsOf(ref),
        onReported: (ref) => this.#courier.deliver(() => this.#deployment.ended(ref.name)),
        onEnded: (ref) => {
          this.checks.ended(ref);
          this.#courier.deliver(() => this.#deployment.ended(ref.name));
        },
      },
    });
    return warehouse;
  }

  #deploy(shape: 'functions' | 'process' | 'embedded' | 'mixed'): Deployment {
    const functions = new FunctionDeployment(this.#workshop);
    if (shape === 'functions') return functions;
    const processes = new ProcessDeployment(this.#workshop, {
      isAlone: shape !== 'mixed',
      onDeath: () => {
        if (shape === 'embedded') this.#warehouse.forgetAll();
      },
    });
    this.#processes = processes;
    if (shape !== 'mixed') return processes;
    const dice = this.#dice.fork('mixed');
    return new MixedDeployment(() => (dice.chance(0.5) ? functions : processes));
  }

  #routesOf({ bucket, key }: ObjectRef): readonly string[] {
    const chunk = readChunkKey(CONTROL, { bucket, key });
    if (chunk !== undefined) return [chunk.target];
    return this.lanes
      .filter(({ prefix }) => bucket === BUCKET && key.startsWith(prefix.key) && !key.endsWith(MARKER))
      .map(({ definition }) => definition.name);
  }

  async #prepare(): Promise<void> {
    for (const { definition } of this.lanes) await this.#engine.createTable(definition.name);
    const { parts } = this.#workshop;
    let isReady = false;
    const ready = async (): Promise<void> => {
      const onEvent = (): void => this.story.tell(() => 'prepared');
      const loader = {
        ...parts,
        now: () => this.#scheduler.now,
        random: () => parts.dice.bytes(16),
        onEvent,
      };
      for (const { definition } of this.lanes) await prepareTarget(loader, definition.name);
      isReady = true;
    };
    ready().catch((error: unknown) => this.story.violate('verbs do not break', String(error)));
    await this.#scheduler.run({ until: START_AT + 60_000, isOver: () => isReady });
    this.#processes?.start();
  }

  async #trouble(): Promise<void> {
    const scheduler = this.#scheduler;
    const endsAt = scheduler.now + TROUBLE_MS;
    makeTrouble({
      lanes: this.lanes,
      scheduler,
      dice: this.#dice.fork('trouble'),
      faults: this.faults,
      story: this.story,
      outages: this.#outages,
      warehouse: this.#warehouse,
      engine: this.#backing.model,
      writers: this.#writers,
      deployment: this.#deployment,
      everyFileMs: (TROUBLE_MS * this.lanes.length) / MIN_FILES / 1.3,
    });
    await scheduler.run({
      until: endsAt + TROUBLE_MS * 4,
      isOver: () =>
        (scheduler.now >= endsAt && this.faults.total >= MIN_FAULTS && this.lake.versions >= MIN_FILES) ||
        this.story.violations.length > 0,
    });
    this.faults.calm();
    this.#outages.end();
    this.story.tell(() => `calm: ${this.faults.total} faults so far`);
  }

  async #comeToRest(checker: string): Promise<void> {
    const scheduler = this.#scheduler;
    const until = scheduler.now + MAX_REST_MS;
    let listings = this.#listings;
    let looked = 0;
    // Somebody mends what can be mended: files whose objects are back are taken up again.
    for (const { prefix } of this.lanes) this.#deployment.redrive(`s3://${BUCKET}/${prefix.key}`);
    while (scheduler.now < until && this.story.violations.length === 0) {
      await scheduler.run({
        until: Math.min(until, scheduler.now + 20_000),
        isOver: () => this.story.violations.length > 0,
      });
      // A listing takes so many files and no more: only one behind which nothing moves has found them all.
      await this.#writers.announceLots((target, id) => this.checks.isLoaded(target, id));
      if ((await this.#writers.mend()) || !(await this.#isAtRest())) listings = this.#listings;
      looked = this.#listings >= listings + 2 ? looked + 1 : 0;
      if (looked > 3) return;
    }
    if (this.story.violations.length > 0) return;
    for (const { target, state } of await this.#tracker.lanes()) {
      const { waiting } = await this.#tracker.counts(target);
      if (state.kind === 'idle' && waiting === 0) continue;
      this.story.violate(
        checker,
        `${target} is ${JSON.stringify(state)} with ${waiting} files an hour after the last fault`,
      );
    }
    for (const { ref, fate } of this.#warehouse.open) {
      this.story.violate(
        checker,
        `${ref.id} (${fate}) of ${ref.name} is not over an hour after the last fault`,
      );
    }
  }

  async #isAtRest(): Promise<boolean> {
    if (this.#warehouse.open.length > 0) return false;
    for (const { target, state } of await this.#tracker.lanes()) {
      if (state.kind !== 'idle') return false;
      if ((await this.#tracker.counts(target)).waiting > 0) return false;
    }
    return true;
  }

  /** Notes what a job is made of when the warehouse takes it: its document says so. */
  #watch(ref: StatementRef): void {
    const name = readStatementName(ref.name);
    if (name === undefined) return;
    const attempt = { jobId: name.jobId, attempt: name.attempt, fence: 0 };
    const { document } = placesOf(CONTROL, name.target, attempt);
    const note = async (): Promise<void> => {
      const text = await readText(this.#objects, document);
      if (text === undefined) return this.story.violate('document first', `${ref.name} has no job document`);
      const job = JSON.parse(text) as JobDocument;
      const { files, replaces, partition } = job;
      this.#writers.meddle(files.map(({ file }) => file.url));
      this.checks.noteFiles(ref.name, watchedFilesOf(job), {
        jobIds: replaces?.jobIds ?? [],
        prefix: partition?.url ?? null,
      });
    };
    note().catch((error: unknown) => this.story.violate('verbs do not break', String(error)));
  }

  #every(ms: number, body: () => void): void {
    const again = (): void => {
      body();
      this.#scheduler.after(ms, again);
    };
    this.#scheduler.after(this.#dice.int(1, ms), again);
  }
}
