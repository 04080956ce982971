import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who has logged in is asked again after so long without a request. */
const IDLE_MS = 12 * 60 * 60_000;
/** Links that nobody used; a new one makes the oldest worthless. */
const MAX_LINKS = 20;
const MAX_SESSIONS = 200;

/**
 * Who may look and act: whoever has the operator's token, and browsers that came with a login link. Kept in memory, hashed:
 * with the process all of it ends.
 */
export class Sessions {
  readonly #operators: readonly Buffer[];
  readonly #now: () => number;
  /** Login links that nobody used yet. */
  readonly #links = new Set<string>();
  /** By the cookie's hash: when it was seen last. */
  readonly #sessions = new Map<string, number>();

  constructor({ operatorTokens, now }: { operatorTokens: readonly string[]; now: () => number }) {
    this.#operators = operatorTokens.map(digestOf);
    this.#now = now;
  }

  /** A token for a login link: good for one browser, once. */
  newLink(): string {
    const token = randomBytes(32).toString('base64url');
    this.#links.add(keyOf(token));
    const [oldest] = this.#links;
    if (this.#links.size > MAX_LINKS && oldest !== undefined) this.#links.delete(oldest);
    return token;
  }

  /** @returns the cookie of a new session; undefined: nobody was given this link, or it was used already. */
  redeem(token: string): string | undefined {
    if (!this.#links.delete(keyOf(token))) return undefined;
    const cookie = randomBytes(32).toString('base64url');
    this.#sessions.set(keyOf(cookie), this.#now());
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    return cookie;
  }

  /** Whether a session is there and was used lately; it is used by this. */
  isOpen(cookie: string): boolean {
    const key = keyOf(cookie);
    const seenAt = this.#sessions.get(key);
    if (seenAt === undefined) return false;
    this.#sessions.delete(key);
    if (this.#now() - seenAt > IDLE_MS) return false;
    // At the end again: those that are seen least are the first to go.
    this.#sessions.set(key, this.#now());
    return true;
  }

  end(cookie: string): void {
    this.#sessions.delete(keyOf(cookie));
  }

  /** Takes as long for a nearly right token as for any other. */
  isOperator(token: string): boolean {
    const digest = digestOf(token);
    let isOne = false;
    for (const known of this.#operators) if (timingSafeEqual(known, digest)) isOne = true;
    return isOne;
  }
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** Hashes are looked up, so that how long it takes tells nothing of a token that is nearly right. */
function keyOf(token: string): string {
  return hash('sha256', token, 'base64url');
}
