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
  readonly #statements = new Map<string, DataStatement>();
  readonly #tokens = new Map<string, Token>();
  readonly #limits: Limits;
  readonly #now: () => number;

  constructor({ limits, now }: { limits: Limits; now: () => number }) {
    this.#limits = limits;
    this.#now = now;
  }

  add(statement: DataStatement): void {
    this.#forgetOld();
    this.#statements.set(statement.id, statement);
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

  active(): DataStatement[] {
    return [...this.#statements.values()].filter(({ hasEnded }) => !hasEnded);
  }

  /**
   * The statement that the same request made before under this token, if there was one.
   *
   * @throws ApiError `ValidationException` when the token came with another request before.
   */
  findByToken(token: string, request: StatementRequest): DataStatement | undefined {
    for (const [known, { expiresAt }] of this.#tokens)
      if (expiresAt <= this.#now()) this.#tokens.delete(known);
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
    this.#tokens.set(token, {
      statementId: statement.id,
      requestHash: hashOf(statement.request),
      expiresAt: this.#now() + this.#limits.clientTokenMs,
    });
  }

  #forgetOld(): void {
    const oldestAt = this.#now() - this.#limits.retentionMs;
    let bytes = 0;
    for (const statement of this.#statements.values()) bytes += bytesOf(statement);
    for (const [id, statement] of this.#statements) {
      if (!statement.hasEnded) continue;
      if (statement.createdAt > oldestAt && bytes <= this.#limits.retainedBytes) continue;
      bytes -= bytesOf(statement);
      this.#statements.delete(id);
    }
  }
}

function bytesOf({ parts }: DataStatement): number {
  return parts.reduce((sum, { sql, result }) => sum + sql.length + (result?.bytes ?? 0), 0);
}

function hashOf(request: StatementRequest): string {
  const { mode, sqls, parameters, caller, name, resultFormat, withEvent } = request;
  const { identity: _, ...place } = caller;
  const text = JSON.stringify([mode, sqls, parameters, place, name, resultFormat, withEvent]);
  return createHash('sha256').update(text).digest('hex');
}
