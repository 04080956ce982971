import { ProblemError } from './problem.ts';

/** The bodies that are in memory now. A request is answered 503 before it is read when there is no room for it. */
export class BytesInFlight {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @throws ProblemError 503 */
  take(bytes: number): void {
    // One request alone always has room: other limits are there for its size.
    if (this.#taken > 0 && this.#taken + bytes > this.#limit) {
      throw new ProblemError({
        status: 503,
        code: 'server-busy',
        detail: `${this.#taken} bytes of requests are being worked on; send this again in a moment`,
        retryAfterSeconds: 1,
      });
    }
    this.#taken += bytes;
  }

  release(bytes: number): void {
    this.#taken -= bytes;
  }
}
