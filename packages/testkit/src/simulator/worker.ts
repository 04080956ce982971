import type { Story } from './story.ts';

/** Something that runs verbs: an invocation of a function, or a process. When it dies, nothing of it goes on. */
export class Worker {
  readonly name: string;
  /** How far its clock is off. */
  readonly skewMs: number;
  readonly #story: Story;
  readonly #onDeath: (() => void)[] = [];
  #isDead = false;
  #isDone = false;

  constructor(name: string, { skewMs, story }: { skewMs: number; story: Story }) {
    this.name = name;
    this.skewMs = skewMs;
    this.#story = story;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Told once, when it dies with work in hand. */
  onDeath(tell: () => void): void {
    this.#onDeath.push(tell);
  }

  /** Its work is done: nobody notices its end any more. */
  finish(): void {
    this.#isDone = true;
  }

  die(why: string): void {
    if (this.#isDead || this.#isDone) return;
    this.#isDead = true;
    this.#story.tell(() => `${this.name} dies ${why}`);
    for (const tell of this.#onDeath) tell();
  }
}
