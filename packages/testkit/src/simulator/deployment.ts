import type { AnnouncedObject } from '@millrace/core';

/** What runs the verbs: functions, a process, or both. Everything that it is told may come late, twice or never. */
export interface Deployment {
  notify(objects: readonly AnnouncedObject[]): void;
  wake(target: string): void;
  /** A statement of this name has ended, says an event. */
  ended(statementName: string): void;
  sweep(): void;
  list(): void;
  /** Somebody has quarantined files of a prefix taken up again. */
  redrive(prefix: string): void;
}

/** One of several at a time, as it happens: an AWS deployment beside a process. */
export class MixedDeployment implements Deployment {
  readonly #pick: () => Deployment;

  constructor(pick: () => Deployment) {
    this.#pick = pick;
  }

  notify(objects: readonly AnnouncedObject[]): void {
    this.#pick().notify(objects);
  }

  wake(target: string): void {
    this.#pick().wake(target);
  }

  ended(statementName: string): void {
    this.#pick().ended(statementName);
  }

  sweep(): void {
    this.#pick().sweep();
  }

  list(): void {
    this.#pick().list();
  }

  redrive(prefix: string): void {
    this.#pick().redrive(prefix);
  }
}
