import { listFiles, listSome } from '@millrace/core';
import type { Worker } from './worker.ts';
import type { Workshop } from './workshop.ts';

/** Lists what is there: as one pass over everything, or, by chance, a portion of each prefix from where the last run stopped. */
export class LakeLister {
  readonly #positions = new Map<string, string | null>();

  async list(workshop: Workshop, worker: Worker): Promise<void> {
    const { dice, targets } = workshop.parts;
    if (dice.chance(0.6)) {
      await listFiles(workshop.loaderOf(worker, 'listFiles'));
      return;
    }
    const loader = workshop.loaderOf(worker, 'listSome');
    for (const [target, { from }] of targets) {
      for (const prefix of from) {
        const report = await listSome(loader, target, {
          prefix,
          position: this.#positions.get(prefix) ?? null,
          maxFiles: dice.int(1, 10),
          maxLooked: dice.int(5, 40),
          maxListed: 1_000,
        });
        this.#positions.set(prefix, report.position);
      }
    }
  }
}
