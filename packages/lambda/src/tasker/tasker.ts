import { setTimeout as pause } from 'node:timers/promises';
import { type DataApi, findStatement } from '@millrace/aws/redshift';
import type { TaskStatement, TaskTable, TaskTokens } from '@millrace/aws/step-functions';
import { LoadError } from '@millrace/core';
import type { Log } from '../log.ts';
import { clientToken, executionOf, keyOf, type StatementId, statementName } from './statement-key.ts';
import { lostEnd, readTaskEnd, type TaskEnd } from './task-end.ts';
import type { CancelRequest, RunRequest } from './task-request.ts';

export interface TaskerParts {
  readonly name: string;
  readonly table: TaskTable;
  readonly tokens: TaskTokens;
  readonly api: DataApi;
  readonly log: Log;
  readonly now: () => number;
}

/** Between two looks of the sweep at a statement: what a completion event that got lost costs at most, beside the sweep's own pace. */
const LOOK_EVERY_MS = 60_000;
/** After this a statement that is not to be found was never sent: longer than any invocation lives. */
const SUBMIT_GRACE_MS = 16 * 60_000;
/** Rounds of "somebody else was first, look again". */
const MAX_ROUNDS = 5;
/** How often a submission is sent whose reply was lost; the same token makes it the same submission. */
const MAX_SENDS = 3;
const SEND_PAUSE_MS = 200;
/** Of one sweep; more are left to the next. */
const MAX_SWEPT = 500;

export interface Started {
  readonly statementName: string;
  /** Undefined while it is not known whether the Data API has it: the sweep finds out. */
  readonly statementId?: string;
}

/**
 * Statements that states of executions wait for. What is to be sent is written down first, under a key that a repeated call
 * has again; so a call that comes twice is one statement, and a worker that dies between two steps leaves nothing that the
 * sweep does not find. A token is told the end before the end is written down: it may be told twice, never not at all.
 */
export class Tasker {
  readonly #parts: TaskerParts;

  constructor(parts: TaskerParts) {
    this.#parts = parts;
  }

  /**
   * Sends the statements of a state, or lets its token wait for those that are sent already. A key whose failure was
   * reported begins anew: that is a retry of the state.
   *
   * @throws LoadError of the Data API that refused them, `task-twice` when two live tokens have one key.
   */
  async run(request: RunRequest): Promise<Started> {
    const { table, now } = this.#parts;
    const fresh: TaskStatement = {
      execution: executionOf(request.executionArn),
      key: keyOf(request),
      attempt: 1,
      taskToken: request.taskToken,
      stateName: request.stateName,
      wantsResult: request.wantsResult,
      beats: request.beats,
      isCancelled: false,
      submittedAt: now(),
      state: { kind: 'submitting' },
    };
    this.#nameOf(fresh);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      if (await table.begin(fresh, now() + LOOK_EVERY_MS)) return this.#submit(fresh, request);
      const known = await table.get(fresh);
      const started = known === undefined ? undefined : await this.#goOn(known, request);
      if (started !== undefined) return started;
    }
    throw new LoadError('task-contended', `key ${fresh.key} of ${fresh.execution} changes all the time`, {
      class: 'transient',
      hint: 'retry the state',
    });
  }

  /** A statement's end was announced. Hints: what is true is asked; late, repeated and foreign ones change nothing. */
  async end(id: StatementId, statementId: string): Promise<void> {
    const { table, log } = this.#parts;
    const task = await table.get(id);
    if (task === undefined) log.warn('no state waits for the statement', { ...id, statementId });
    else if (task.attempt === id.attempt && task.state.kind !== 'done') await this.#look(task, statementId);
  }

  /** Ends the statements of an execution, or of one of its states. @returns the names of those that had not ended. */
  async cancel({
    executionArn,
    stateName,
  }: CancelRequest): Promise<{ readonly cancelled: readonly string[] }> {
    const { table } = this.#parts;
    const tasks = await table.ofExecution(executionOf(executionArn));
    const cancelled: string[] = [];
    for (const task of tasks) {
      if (task.state.kind === 'done' || (stateName !== undefined && task.stateName !== stateName)) continue;
      // Written down first: whoever is about to send it cancels it then.
      const asked = await table.askCancel(task);
      if (asked === undefined) continue;
      cancelled.push(this.#nameOf(asked));
      await this.#cancelStatement(asked);
    }
    return { cancelled };
  }

  /**
   * Looks at every statement that has not ended: reports ends whose events were lost, sends heartbeats to states that asked for
   * them. @returns how many were looked at, and how many had ended.
   */
  async sweep(): Promise<{ readonly looked: number; readonly ended: number; readonly broken: number }> {
    const { table, log, now } = this.#parts;
    const report = { looked: 0, ended: 0, broken: 0 };
    for (const key of await table.due(now(), MAX_SWEPT)) {
      report.looked += 1;
      try {
        const task = await table.get(key);
        if (task === undefined || task.state.kind === 'done') continue;
        if (await this.#look(task, undefined)) report.ended += 1;
      } catch (error) {
        report.broken += 1;
        log.error('a statement could not be looked at; the next sweep tries again', {
          ...key,
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    }
    return report;
  }

  #nameOf(task: StatementId): string {
    return statementName(this.#parts.name, task);
  }

  /** @returns undefined when it has changed meanwhile. */
  async #goOn(known: TaskStatement, request: RunRequest): Promise<Started | undefined> {
    const { table, tokens, now } = this.#parts;
    const { taskToken } = request;
    const { state } = known;
    if (state.kind === 'done') {
      if (state.outcome !== 'FINISHED' && state.isReported) {
        const again = { taskToken, now: now(), lookAt: now() + LOOK_EVERY_MS };
        const next = await table.beginAgain(known, again);
        return next === undefined ? undefined : this.#submit(next, request);
      }
      // It ended while nobody could be told, or was told to somebody who is gone.
      const task = { ...known, taskToken };
      await this.#report(task, await this.#findEnd(task));
      return { statementName: this.#nameOf(known) };
    }
    let task = known;
    if (known.taskToken !== taskToken) {
      if ((await tokens.beat(known.taskToken)) === 'delivered') {
        throw new LoadError(
          'task-twice',
          `two states wait for key ${known.key} of ${known.execution} at once`,
          {
            hint: 'inside a Map give mapIndex ("mapIndex.$": "$$.Map.Item.Index"), so that each item has a key of its own',
          },
        );
      }
      const attached = await table.attach(known, taskToken);
      if (attached === undefined) return undefined;
      task = attached;
    }
    if (task.state.kind === 'submitting') return this.#submit(task, request);
    await this.#look(task, undefined);
    return { statementName: this.#nameOf(task), ...idOf(task) };
  }

  async #submit(task: TaskStatement, request: RunRequest): Promise<Started> {
    const { api, table, now, log } = this.#parts;
    const name = this.#nameOf(task);
    // Sent before, by somebody who did not come to write it down: the token of a submission lives for eight hours only.
    const isRepeated = now() - task.submittedAt > LOOK_EVERY_MS;
    const before = isRepeated ? await findStatement(api, name) : undefined;
    let statementId = before?.id;
    try {
      statementId ??= await this.#send(name, request);
    } catch (error) {
      if (error instanceof LoadError && error.class === 'unknown') {
        // The token waits: it may run, and the sweep finds it by its name.
        log.warn('it is not known whether the statement was sent', {
          statementName: name,
          reason: error.message,
        });
        return { statementName: name };
      }
      // The state hears of it from this invocation: its retry is another attempt.
      await table.settle(task, { outcome: 'FAILED', isReported: true, now: now() });
      throw error;
    }
    const noted = await table.noteStatement(task, { statementId, lookAt: now() + LOOK_EVERY_MS });
    if (noted?.isCancelled === true) await api.cancel(statementId);
    return { statementName: name, statementId };
  }

  async #send(name: string, { statements, parameters }: RunRequest): Promise<string> {
    const { api } = this.#parts;
    const submission = { name, clientToken: clientToken(name), withEvent: true, waitSeconds: 0, parameters };
    const [only] = statements;
    for (let sends = 1; ; sends += 1) {
      try {
        const sent =
          only !== undefined && statements.length === 1
            ? await api.execute(only, submission)
            : await api.batch({ ...submission, statements });
        return sent.id;
      } catch (error) {
        if (!(error instanceof LoadError && error.class === 'unknown') || sends >= MAX_SENDS) throw error;
        await pause(SEND_PAUSE_MS * sends);
      }
    }
  }

  /** @param announced the id that an event tells, which may overtake the note of it. @returns whether it had ended. */
  async #look(task: TaskStatement, announced: string | undefined): Promise<boolean> {
    const { table, tokens, now } = this.#parts;
    const known = announced === undefined ? await this.#withStatement(task) : task;
    const end = await this.#findEnd(known, announced);
    if (end !== undefined) {
      await this.#report(known, end);
      return true;
    }
    if (known.beats && known.state.kind === 'running') await tokens.beat(known.taskToken);
    if (known.isCancelled) await this.#cancelStatement(known);
    await table.lookAgain(known, now() + LOOK_EVERY_MS);
    return false;
  }

  /** With the statement's id, where a worker died, or its reply was lost, before it was written down. */
  async #withStatement(task: TaskStatement): Promise<TaskStatement> {
    if (task.state.kind !== 'submitting') return task;
    const { api, table, now } = this.#parts;
    const found = await findStatement(api, this.#nameOf(task));
    if (found === undefined) return task;
    const noted = await table.noteStatement(task, { statementId: found.id, lookAt: now() + LOOK_EVERY_MS });
    return noted ?? task;
  }

  async #findEnd(task: TaskStatement, announced?: string): Promise<TaskEnd | undefined> {
    const { api, now } = this.#parts;
    const name = this.#nameOf(task);
    const noted = task.state.kind === 'running' ? task.state.statementId : undefined;
    const id = announced ?? noted ?? (await findStatement(api, name))?.id;
    const described = id === undefined ? undefined : await api.describe(id, 0);
    if (described !== undefined) return readTaskEnd(api, described, { name, wantsResult: task.wantsResult });
    const mayCome = task.state.kind === 'submitting' && now() - task.submittedAt < SUBMIT_GRACE_MS;
    return mayCome ? undefined : lostEnd(name);
  }

  /** Tells whoever waits, then writes it down: in the other order a crash in between would leave a state waiting. */
  async #report(task: TaskStatement, end: TaskEnd | undefined): Promise<void> {
    if (end === undefined) return;
    const { table, tokens, log, now } = this.#parts;
    let waiting = task;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const { taskToken } = waiting;
      const delivery =
        end.kind === 'success'
          ? await tokens.succeed(taskToken, end.output)
          : await tokens.fail(taskToken, end);
      const isReported = delivery === 'delivered';
      const fields = { statementName: this.#nameOf(waiting), state: waiting.stateName, outcome: end.outcome };
      log.info(isReported ? 'statement ended' : 'statement ended, and nobody waits for it', fields);
      if ((await table.settle(waiting, { outcome: end.outcome, isReported, now: now() })) !== undefined)
        return;
      // Another token waits for it since: it is to be told too.
      const found = await table.get(waiting);
      if (found === undefined || found.attempt !== task.attempt || found.taskToken === taskToken) return;
      waiting = found;
    }
  }

  async #cancelStatement(task: TaskStatement): Promise<void> {
    const { api } = this.#parts;
    const id =
      task.state.kind === 'running'
        ? task.state.statementId
        : (await findStatement(api, this.#nameOf(task)))?.id;
    if (id !== undefined) await api.cancel(id);
  }
}

function idOf({ state }: TaskStatement): { statementId?: string } {
  return state.kind === 'running' ? { statementId: state.statementId } : {};
}
