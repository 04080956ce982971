import { type AnnouncedObject, intake, readStatementName, redriveFiles, sweep } from '@millrace/core';
import type { Deployment } from './deployment.ts';
import { LakeLister } from './list-lake.ts';
import { settleLane, turnLane } from './turn-lane.ts';
import type { Worker } from './worker.ts';
import type { Workshop } from './workshop.ts';

/** After these many receives a message goes to the dead-letter queue: the listing finds what it announced. */
const MAX_RECEIVES = 5;
const VISIBILITY_MS = 60_000;
/** A function that takes longer is killed. */
const TIMEOUT_MS = 120_000;
/** An event may overtake the note of what it is about. */
const MAX_LOOKS = 4;
const LOOK_PAUSE_MS = 250;

/** As Lambda has it: an invocation per message, many at once, dead at any time; a message that was not done comes again. */
export class FunctionDeployment implements Deployment {
  readonly #workshop: Workshop;
  readonly #lister = new LakeLister();

  constructor(workshop: Workshop) {
    this.#workshop = workshop;
  }

  notify(objects: readonly AnnouncedObject[]): void {
    this.#invoke('loader', { maxReceives: MAX_RECEIVES }, async (worker) => {
      const { added } = await intake(this.#workshop.loaderOf(worker, 'intake'), objects);
      for (const target of added.keys()) await turnLane(this.#workshop, worker, target);
    });
  }

  wake(target: string): void {
    this.#invoke('waker', { maxReceives: MAX_RECEIVES }, (worker) =>
      turnLane(this.#workshop, worker, target),
    );
  }

  ended(statementName: string): void {
    const statement = readStatementName(statementName);
    if (statement === undefined) return;
    this.#invoke('next', { maxReceives: 3 }, async (worker) => {
      for (let look = 1; look <= MAX_LOOKS; look += 1) {
        const { kind } = await settleLane(this.#workshop, worker, statement.target);
        if (kind !== 'nothing' && kind !== 'running' && kind !== 'lost-race') return;
        await this.#workshop.parts.scheduler.sleep(LOOK_PAUSE_MS * look);
      }
    });
  }

  sweep(): void {
    this.#invoke('sweeper', { maxReceives: 1 }, async (worker) => {
      const { broken } = await sweep(this.#workshop.loaderOf(worker, 'sweep'));
      for (const error of broken.values()) this.#workshop.judge(worker, 'sweep', error);
    });
  }

  list(): void {
    this.#invoke('lister', { maxReceives: 1 }, (worker) => this.#lister.list(this.#workshop, worker));
  }

  redrive(prefix: string): void {
    this.#invoke('operator', { maxReceives: 3 }, async (worker) => {
      await redriveFiles(this.#workshop.loaderOf(worker, 'redrive'), { prefix });
    });
  }

  #invoke(
    kind: string,
    { maxReceives }: { maxReceives: number },
    body: (worker: Worker) => Promise<void>,
    receives = 1,
  ): void {
    const { scheduler, story } = this.#workshop.parts;
    const worker = this.#workshop.hire(kind);
    const comeAgain = (): void => {
      if (receives < maxReceives) {
        scheduler.after(VISIBILITY_MS, () => this.#invoke(kind, { maxReceives }, body, receives + 1));
      } else if (maxReceives > 1) story.tell(() => `${worker.name}: its message is dead`);
    };
    worker.onDeath(comeAgain);
    scheduler.after(TIMEOUT_MS, () => worker.die('of its timeout'));
    body(worker).then(
      () => worker.finish(),
      (error: unknown) => {
        worker.finish();
        this.#workshop.judge(worker, kind, error);
        comeAgain();
      },
    );
  }
}
