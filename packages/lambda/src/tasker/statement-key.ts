import { createHash } from 'node:crypto';
import { LoadError } from '@millrace/core';
import type { RunRequest } from './task-request.ts';

/** What every statement's name begins with; the loader's begin with the name of a database and a slash. */
const FAMILY = 'sfn/';
/** What EventBridge and older versions of the Data API take. */
const MAX_NAME = 500;

/** Which statement: an attempt of a key of an execution. */
export interface StatementId {
  readonly execution: string;
  readonly key: string;
  readonly attempt: number;
}

/** `arn:…:execution:nightly:2026-11-21` → `nightly:2026-11-21`. */
export function executionOf(executionArn: string): string {
  return executionArn.slice(executionArn.indexOf(':execution:') + ':execution:'.length);
}

/**
 * The same call, the same key. A state that is entered once calls once, however often it is tried: then execution, state,
 * instant and map index are the call. Without them, the token is. What is asked for belongs to it in any case.
 */
export function keyOf(request: RunRequest): string {
  const { executionArn, stateName, enteredAt, mapIndex, taskToken, statements, parameters } = request;
  const call = enteredAt === undefined ? [taskToken] : [stateName ?? null, enteredAt, mapIndex ?? null];
  const asked = [statements, Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1))];
  return sha256(JSON.stringify([executionArn, call, asked])).slice(0, 32);
}

/**
 * `sfn/<tasker>/<stateMachine>:<execution>/<key>.<attempt>`
 *
 * @throws LoadError `task-name` when it is too long.
 */
export function statementName(tasker: string, { execution, key, attempt }: StatementId): string {
  const name = `${FAMILY}${tasker}/${execution}/${key}.${attempt}`;
  if (name.length <= MAX_NAME) return name;
  throw new LoadError(
    'task-name',
    `the statement's name has ${name.length} characters, at most ${MAX_NAME} go`,
    {
      hint: "shorten the tasker's name, or the name of the execution",
    },
  );
}

/** @returns undefined for a name that is no statement's of this tasker. */
export function readStatementId(tasker: string, name: string): StatementId | undefined {
  const prefix = `${FAMILY}${tasker}/`;
  if (!name.startsWith(prefix)) return undefined;
  const [, execution, key, attempt] =
    /^(.+)\/([0-9a-f]{32})\.([1-9]\d*)$/su.exec(name.slice(prefix.length)) ?? [];
  if (execution === undefined || key === undefined) return undefined;
  return { execution, key, attempt: Number(attempt) };
}

/** The same name, the same submission, for the eight hours that the Data API remembers it. */
export function clientToken(name: string): string {
  return sha256(name);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
