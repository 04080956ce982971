import type { LoaderEvent } from '@millrace/core';
import { count, formatNumber, formatSeconds, type Screen } from './screen.ts';

export type TableLoaded = Extract<LoaderEvent, { kind: 'table-loaded' }>;
type JobSubmitted = Extract<LoaderEvent, { kind: 'job-submitted' }>;

/** Follows the events of the loader, through its death and its new start, and shows them. */
export class Watch {
  readonly #screen: Screen;
  readonly #files: number;
  readonly #loads = new Map<string, TableLoaded>();
  readonly #waitingForJobs = new Set<(event: JobSubmitted) => void>();

  /** @param files how many will come in all */
  constructor(screen: Screen, { files }: { files: number }) {
    this.#screen = screen;
    this.#files = files;
  }

  /** What was loaded, by job. */
  get loads(): ReadonlyMap<string, TableLoaded> {
    return this.#loads;
  }

  readonly onEvent = (event: LoaderEvent): void => {
    if (event.kind === 'job-submitted') for (const tell of this.#waitingForJobs) tell(event);
    if (event.kind === 'table-loaded') this.#loads.set(event.job.id, event);
    const line = this.#lineFor(event);
    if (line !== null) this.#screen.happening(line);
    this.#showProgress();
  };

  /** The next job of a table that begins. @throws Error when none does in time. */
  async nextJob(target: string, { withinMs }: { withinMs: number }): Promise<JobSubmitted> {
    const { promise, resolve, reject } = Promise.withResolvers<JobSubmitted>();
    const timer = setTimeout(
      () => reject(new Error(`no load of ${target} began in ${withinMs} ms`)),
      withinMs,
    );
    const tell = (event: JobSubmitted): void => {
      if (event.target === target) resolve(event);
    };
    this.#waitingForJobs.add(tell);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waitingForJobs.delete(tell);
    }
  }

  #lineFor(event: LoaderEvent): string | null {
    switch (event.kind) {
      case 'table-loaded': {
        const rows = event.rows === null ? '' : formatNumber(event.rows);
        const took = formatSeconds(event.at - event.job.submittedAt);
        return `loaded        ${shortName(event.target).padEnd(10)}${files(event.job.files)}${rows.padStart(10)} rows  in ${took}`;
      }
      case 'file-aside':
        return this.#screen.style(
          'yellow',
          `${event.status.padEnd(14)}${shortName(event.target).padEnd(10)}${event.file.identity.key}`,
        );
      case 'table-changed':
        return `changed       ${shortName(event.target).padEnd(10)}${event.statement}`;
      case 'lane-held':
        return this.#screen.style('red', `held          ${shortName(event.target)}: ${event.reason}`);
      case 'warehouse-held':
        return this.#screen.style('red', `held          the warehouse: ${event.reason}`);
      case 'warehouse-back':
        return 'back          the warehouse';
      case 'job-failed':
      case 'job-submitted':
      case 'files-waiting':
        // Of a failed job its files are told: quarantined, or loaded in the next one.
        return null;
    }
  }

  #showProgress(): void {
    let loadedFiles = 0;
    let rows = 0;
    for (const load of this.#loads.values()) {
      loadedFiles += load.job.files;
      rows += load.rows ?? 0;
    }
    const part = Math.min(1, loadedFiles / this.#files);
    const bar = '█'.repeat(Math.round(part * 24)).padEnd(24, '░');
    this.#screen.live(
      `${bar} ${loadedFiles}/${this.#files} files, ${formatNumber(rows)} rows, ${count(this.#loads.size, 'job')}`,
    );
  }
}

export function shortName(target: string): string {
  return target.replace(/^public\./u, '');
}

function files(amount: number): string {
  return count(amount, 'file').padStart(9);
}
