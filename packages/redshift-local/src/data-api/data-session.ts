import { randomUUID } from 'node:crypto';
import type { Session } from '../session/session.ts';
import { ApiError, invalid, notFound } from './api-error.ts';
import type { Caller, DataStatement } from './data-statement.ts';
import type { Limits } from './limits.ts';

export type SessionStatus = 'AVAILABLE' | 'BUSY' | 'CLOSED';

/** A session that outlives its statement: the same backend, settings and temporary tables for the next one. */
export class DataSession {
  readonly id: string;
  readonly caller: Caller;
  readonly createdAt: number;
  /** From its creation on: the engine's session is opened by the first statement that runs. */
  session: Session | undefined;
  updatedAt: number;
  keepAliveSeconds: number;
  current: DataStatement | undefined;
  isClosed = false;

  constructor(caller: Caller, { keepAliveSeconds, now }: { keepAliveSeconds: number; now: number }) {
    this.id = randomUUID();
    this.caller = caller;
    this.createdAt = now;
    this.updatedAt = now;
    this.keepAliveSeconds = keepAliveSeconds;
  }

  get status(): SessionStatus {
    if (this.isClosed) return 'CLOSED';
    return this.current === undefined ? 'AVAILABLE' : 'BUSY';
  }

  /** When an idle session ends. */
  get expiresAt(): number {
    return Math.min(this.updatedAt + this.keepAliveSeconds * 1000, this.createdAt + MAX_SESSION_MS);
  }
}

const MAX_SESSION_MS = 24 * 3_600_000;
/** How often idle sessions are looked through. */
const SWEEP_MS = 250;

/** The sessions that callers keep; those that have ended stay listed for a day. */
export class SessionPool {
  readonly #sessions = new Map<string, DataSession>();
  readonly #limits: Limits;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ limits, now }: { limits: Limits; now: () => number }) {
    this.#limits = limits;
    this.#now = now;
  }

  /** @throws ApiError `ActiveSessionsExceededException` when there are too many. */
  create(caller: Caller, keepAliveSeconds: number): DataSession {
    const open = [...this.#sessions.values()].filter(({ isClosed }) => !isClosed);
    if (open.length >= this.#limits.sessions) {
      throw new ApiError(
        'ActiveSessionsExceededException',
        `Maximum number of sessions exceeded: ${this.#limits.sessions} are open; let some end, or keep them for fewer seconds`,
      );
    }
    const session = new DataSession(caller, { keepAliveSeconds, now: this.#now() });
    this.#sessions.set(session.id, session);
    this.#timer ??= setInterval(() => void this.#sweep(), SWEEP_MS).unref();
    return session;
  }

  /**
   * A session that can take a statement.
   *
   * @throws ApiError `ValidationException` when there is none of that id, when it has ended, or when it is busy: the
   * Data API does not queue statements within a session.
   */
  take(id: string): DataSession {
    const session = this.known(id);
    if (session.isClosed || (session.expiresAt <= this.#now() && session.current === undefined)) {
      throw invalid('Session is not available.');
    }
    if (session.current !== undefined) {
      throw invalid(`Session is busy with statement ${session.current.id}; wait until it has ended.`);
    }
    return session;
  }

  /** @throws ApiError `ValidationException` when there never was one of that id. */
  known(id: string): DataSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw invalid(`Session with Id: ${id} is invalid.`);
    return session;
  }

  /** @throws ApiError `ResourceNotFoundException` when there never was one of that id. */
  get(id: string): DataSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw notFound(`Session with Id: ${id} does not exist.`, id);
    return session;
  }

  /** Newest first. */
  all(): DataSession[] {
    return [...this.#sessions.values()].reverse();
  }

  /** Ends a session; a statement that runs in it is cancelled. */
  async close(session: DataSession): Promise<void> {
    if (session.isClosed) return;
    session.isClosed = true;
    session.updatedAt = this.#now();
    await session.session?.close();
  }

  async closeAll(): Promise<void> {
    clearInterval(this.#timer);
    for (const session of this.#sessions.values()) await this.close(session);
  }

  async #sweep(): Promise<void> {
    const now = this.#now();
    for (const [id, session] of this.#sessions) {
      if (session.isClosed) {
        if (session.updatedAt + this.#limits.retentionMs <= now) this.#sessions.delete(id);
      } else if (session.current === undefined && session.expiresAt <= now) {
        await this.close(session);
      }
    }
  }
}
