import type { Scheduler } from './scheduler.ts';

/** What a checker found: which one, when, and what was wrong. */
export interface Violation {
  readonly checker: string;
  readonly text: string;
  /** Virtual milliseconds since the start of the seed. */
  readonly atMs: number;
}

/** Violations beyond this many say nothing new of a seed. */
const MAX_VIOLATIONS = 20;

/** What happened in a seed, in order; and what of it must not have happened. */
export class Story {
  readonly violations: Violation[] = [];
  readonly lines: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #startAt: number;
  readonly #isTold: boolean;

  constructor(scheduler: Scheduler, { isTold }: { isTold: boolean }) {
    this.#scheduler = scheduler;
    this.#startAt = scheduler.now;
    this.#isTold = isTold;
  }

  /** `text` is only made when somebody reads the story: most seeds are not told. */
  tell(text: () => string): void {
    if (this.#isTold) this.lines.push(`${stamp(this.#atMs)}  ${text()}`);
  }

  violate(checker: string, text: string): void {
    this.tell(() => `!! ${checker}: ${text}`);
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push({ checker, text, atMs: this.#atMs });
  }

  get #atMs(): number {
    return this.#scheduler.now - this.#startAt;
  }
}

function stamp(ms: number): string {
  return `${(ms / 1_000).toFixed(3).padStart(9)}s`;
}
