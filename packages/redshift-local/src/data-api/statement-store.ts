import { createHash } from 'node:crypto';
import { invalid, notFound } from './api-error.ts';
import type { DataStatement, StatementRequest } from './data-statement.ts';
import type { Limits } from './limits.ts';

interface Token {
  readonly statementId: string;
  readonly requestHash: string;
  readonly expiresAt: number;
}

/**
 * The statements of the last 24 hours, oldest first, in memory, with the client tokens that led to them.
 *
 * Beyond `limits.retainedBytes` the oldest that have ended are forgotten early; those that have not never are.
 */
export class StatementStore {
  /** In the order of their creation, so that what is due to be forgotten stands in front. */
  readonly #statements = new Map<string, DataStatement>();
  /** In the order in which they expire. */
  readonly #tokens = new Map<string, Token>();
  readonly #limits: Limits;
  readonly #now: () => number;
  #bytes = 0;
  #activeCount = 0;

  constructor({ limits, now }: { limits: Limits; now: () => number }) {
    this.#limits = limits;
    this.#now = now;
  }

  /** How many have not ended. */
  get activeCount(): number {
    return this.#activeCount;
  }

  add(statement: DataStatement): void {
    this.#statements.set(statement.id, statement);
    this.#activeCount += 1;
    this.#bytes += textBytesOf(statement);
    this.#forgetOld();
  }

  /** To be told once of every statement that was added: from then on its rows are counted, and it can be forgotten. */
  noteEnd(statement: DataStatement): void {
    this.#activeCount -= 1;
    this.#bytes += resultBytesOf(statement);
    this.#forgetOld();
  }

  /** @throws ApiError `ResourceNotFoundException` when it is not there, or not any more. */
  get(id: string): DataStatement {
    this.#forgetOld();
    const statement = this.#statements.get(id);
    if (statement === undefined) throw notFound('Query does not exist.', id);
    return statement;
  }

  /** Newest first. */
  all(): DataStatement[] {
    this.#forgetOld();
    return [...this.#statements.values()].reverse();
  }

  /**
   * The statement that the same request made before under this token, if there was one.
   *
   * @throws ApiError `ValidationException` when the token came with another request before.
   */
  findByToken(token: string, request: StatementRequest): DataStatement | undefined {
    for (const [known, { expiresAt }] of this.#tokens) {
      if (expiresAt > this.#now()) break;
      this.#tokens.delete(known);
    }
    const found = this.#tokens.get(token);
    if (found === undefined) return undefined;
    if (found.requestHash !== hashOf(request)) {
      throw invalid(
        `ClientToken '${token}' was used before with another request; use a new token, or send the request as it was`,
      );
    }
    return this.#statements.get(found.statementId);
  }

  rememberToken(token: string, statement: DataStatement): void {
    this.#tokens.delete(token);
    this.#tokens.set(token, {
      statementId: statement.id,
      requestHash: hashOf(statement.request),
      expiresAt: this.#now() + this.#limits.clientTokenMs,
    });
  }

  #forgetOld(): void {
    const oldestAt = this.#now() - this.#limits.retentionMs;
    for (const [id, statement] of this.#statements) {
      if (statement.createdAt > oldestAt && this.#bytes <= this.#limits.retainedBytes) break;
      if (!statement.hasEnded) continue;
      this.#bytes -= textBytesOf(statement) + resultBytesOf(statement);
      this.#statements.delete(id);
    }
  }
}

function textBytesOf({ parts }: DataStatement): number {
  return parts.reduce((sum, { sql }) => sum + sql.length, 0);
}

function resultBytesOf({ parts }: DataStatement): number {
  return parts.reduce((sum, { result }) => sum + (result?.bytes ?? 0), 0);
}

function hashOf(request: StatementRequest): string {
  const { mode, sqls, parameters, caller, name, resultFormat, withEvent } = request;
  const { identity: _, ...place } = caller;
  const text = JSON.stringify([mode, sqls, parameters, place, name, resultFormat, withEvent]);
  return createHash('sha256').update(text).digest('hex');
}
