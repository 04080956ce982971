import {
  type AnnouncedObject,
  intake,
  prepareTarget,
  readStatementName,
  redriveFiles,
  releaseHolds,
  sweep,
} from '@millrace/core';
import type { Deployment } from './deployment.ts';
import { LakeLister } from './list-lake.ts';
import { settleLane, turnLane } from './turn-lane.ts';
import type { Worker } from './worker.ts';
import type { Workshop } from './workshop.ts';

export interface ProcessOptions {
  /** No other worker touches the lanes: at its start the leases of the dead need not be waited for. */
  readonly isAlone: boolean;
  /** Told when the process dies: an embedded warehouse dies with it. */
  readonly onDeath: () => void;
}

/** How soon a lane whose turn broke is looked at again. */
const LOOK_AGAIN_MS = 5_000;

/** As `millrace up` has it: one process that turns each lane one turn at a time, dies, and is started again. */
export class ProcessDeployment implements Deployment {
  readonly #workshop: Workshop;
  readonly #options: ProcessOptions;
  readonly #lister = new LakeLister();
  #process: Worker | null = null;
  /** False until the jobs of the dead are settled: nothing else may touch a lane before. */
  #isReady = false;
  /** Lanes in a turn; true: something happened meanwhile, turn again. */
  #turning = new Map<string, boolean>();

  constructor(workshop: Workshop, options: ProcessOptions) {
    this.#workshop = workshop;
    this.#options = options;
  }

  start(): void {
    const { scheduler, dice } = this.#workshop.parts;
    const worker = this.#workshop.hire('process');
    this.#process = worker;
    this.#isReady = false;
    this.#turning = new Map();
    worker.onDeath(() => {
      this.#process = null;
      this.#isReady = false;
      this.#options.onDeath();
      scheduler.after(dice.int(1_000, 60_000), () => this.start());
    });
    const begin = async (): Promise<void> => {
      const { targets } = this.#workshop.parts;
      for (const target of targets.keys()) {
        await prepareTarget(this.#workshop.loaderOf(worker, 'prepareTarget'), target);
      }
      if (dice.chance(0.5)) await releaseHolds(this.#workshop.loaderOf(worker, 'releaseHolds'));
      await this.#sweepOnce(worker, this.#options);
      this.#isReady = true;
      await this.#lister.list(this.#workshop, worker);
    };
    begin().catch((error: unknown) => {
      this.#workshop.judge(worker, 'start', error);
      // Whoever cannot start ends, and is started again.
      worker.die('of a start that failed');
    });
  }

  notify(objects: readonly AnnouncedObject[]): void {
    this.#do('intake', async (worker) => {
      const { added } = await intake(this.#workshop.loaderOf(worker, 'intake'), objects);
      for (const target of added.keys()) this.#look(target);
    });
  }

  wake(target: string): void {
    this.#look(target);
  }

  ended(statementName: string): void {
    const statement = readStatementName(statementName);
    if (statement !== undefined) this.#look(statement.target);
  }

  sweep(): void {
    this.#do('sweep', (worker) => this.#sweepOnce(worker, { isAlone: false }));
  }

  list(): void {
    this.#do('list', (worker) => this.#lister.list(this.#workshop, worker));
  }

  redrive(prefix: string): void {
    this.#do('redrive', async (worker) => {
      const { targets } = await redriveFiles(this.#workshop.loaderOf(worker, 'redrive'), { prefix });
      for (const target of targets) this.#look(target);
    });
  }

  async #sweepOnce(worker: Worker, { isAlone }: { isAlone: boolean }): Promise<void> {
    const { broken } = await sweep(this.#workshop.loaderOf(worker, 'sweep'), { isAlone });
    for (const [target, error] of broken) {
      this.#workshop.judge(worker, 'sweep', error);
      this.#workshop.parts.scheduler.after(LOOK_AGAIN_MS, () => this.#look(target));
    }
  }

  #look(target: string): void {
    if (this.#turning.has(target)) {
      this.#turning.set(target, true);
      return;
    }
    const turning = this.#turning;
    turning.set(target, false);
    this.#do('turn', async (worker) => {
      try {
        do {
          turning.set(target, false);
          const { kind } = await settleLane(this.#workshop, worker, target);
          if (kind === 'nothing') await turnLane(this.#workshop, worker, target);
        } while (turning.get(target) === true);
      } catch (error) {
        this.#workshop.judge(worker, 'turn', error);
        this.#workshop.parts.scheduler.after(LOOK_AGAIN_MS, () => this.#look(target));
      }
      turning.delete(target);
    });
    if (!this.#isReady) turning.delete(target);
  }

  #do(what: string, body: (worker: Worker) => Promise<void>): void {
    const worker = this.#process;
    if (worker === null || !this.#isReady) return;
    body(worker).catch((error: unknown) => this.#workshop.judge(worker, what, error));
  }
}
