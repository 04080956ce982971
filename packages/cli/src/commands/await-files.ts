import { setTimeout as pause } from 'node:timers/promises';
import { type HandedFile, LoadError, type Operations } from '@millrace/core';
import type { CommandContext } from '../command-context.ts';
import { openSession, type SessionOptions } from '../control/session.ts';
import { watchStopSignals } from '../control/stop-signals.ts';
import type { Project } from '../project/project.ts';
import { heldSentence } from '../terminal/held-sentence.ts';
import { progressLine } from '../terminal/progress-bar.ts';
import { count } from '../terminal/words.ts';
import { NotLoadedTeller } from './not-loaded-teller.ts';

const POLL_MIN_MS = 50;
const POLL_MAX_MS = 500;
/** A lane that is held so long has been tried and waits for a person, not for the next moment. */
const HELD_FOR_MS = 3_000;
/** Files that one question carries. */
const FILES_PER_QUESTION = 5_000;

export interface AwaitedFiles {
  readonly project: Project;
  readonly context: CommandContext;
  readonly json: boolean;
  /** Hands the files to their lanes. */
  readonly hand: (operations: Operations) => Promise<readonly HandedFile[]>;
  /** What this process does, for those that are refused meanwhile. */
  readonly what: string;
}

/**
 * Hands files to their lanes and waits until each is loaded, quarantined or superseded. Prints where they ended; what
 * was not loaded is named on stderr, with the reason, and makes the exit code 1.
 */
export async function handAndAwait({ project, context, json, hand, what }: AwaitedFiles): Promise<void> {
  const { terminal } = context;
  const options: SessionOptions = {
    what,
    purpose: 'work',
    onError: (where, error) =>
      terminal.note(`${where}: ${error instanceof Error ? error.message : String(error)}`),
  };
  const signal = watchStopSignals(terminal);
  let session = await openSession(project, options);
  try {
    terminal.status('handing the files over');
    const files = new Map((await hand(session.operations)).map((file) => [keyOf(file), file]));
    const known = new Set([...files.values()].filter(isSettled).map(keyOf));
    let isDraining = false;
    let waitMs = POLL_MIN_MS;
    let lastDone = -1;
    const holds = new HoldWatch();
    for (;;) {
      const all = [...files.values()];
      const waiting = all.filter((file) => !isSettled(file));
      const done = all.length - waiting.length;
      if (done !== lastDone) showProgress(done, { total: all.length, context });
      waitMs = done === lastDone ? Math.min(POLL_MAX_MS, waitMs * 1.5) : POLL_MIN_MS;
      lastDone = done;
      if (waiting.length === 0 || signal.isStopped) break;
      if (session.here && !isDraining) {
        isDraining = true;
        // "Load these now": nothing else will come in this process, so that waiting for more files is for nothing.
        session.here.untilIdle().catch((error: unknown) => options.onError?.('draining', error));
      }
      await Promise.race([pause(waitMs), signal.stopped]);
      try {
        for (const file of await askFiles(session.operations, waiting)) files.set(keyOf(file), file);
        const held = await holds.look(session.operations, new Set(waiting.map(({ target }) => target)));
        if (held !== undefined) {
          context.fail(held);
          break;
        }
      } catch (error) {
        if (!(error instanceof LoadError) || error.code !== 'up-gone') throw error;
        // The `up` that had the files has ended. They are in its lanes: this process goes on with them.
        await session.close();
        session = await openSession(project, options);
        isDraining = false;
      }
    }
    terminal.status('');
    await report([...files.values()], { operations: session.operations, context, json, known });
  } finally {
    terminal.status('');
    await session.close();
    signal.forget();
  }
}

/** Notices a lane that stays held: its files wait for a person, and so would this command. */
export class HoldWatch {
  readonly #since = new Map<string, number>();

  /** A sentence about the first of these lanes that has been held for a while. */
  async look(operations: Operations, targets: ReadonlySet<string>): Promise<string | undefined> {
    const report = await operations.status();
    for (const target of targets) {
      const status = report.targets[target];
      if (status === undefined || (status.state !== 'held' && status.state !== 'paused')) {
        this.#since.delete(target);
        continue;
      }
      const since = this.#since.get(target) ?? Date.now();
      this.#since.set(target, since);
      if (Date.now() - since < HELD_FOR_MS) continue;
      return `${heldSentence(target, status.state, status.note)}; its files wait and are loaded when the lane goes on`;
    }
    return undefined;
  }
}

/** Where files stand now, in as many questions as they take. */
export async function askFiles(
  operations: Operations,
  files: readonly HandedFile[],
): Promise<readonly HandedFile[]> {
  const filesOf = Map.groupBy(files, ({ target }) => target);
  const answers: HandedFile[] = [];
  for (const [target, mine] of filesOf) {
    for (let at = 0; at < mine.length; at += FILES_PER_QUESTION) {
      answers.push(...(await operations.handedFiles(target, mine.slice(at, at + FILES_PER_QUESTION))));
    }
  }
  return answers;
}

function showProgress(done: number, { total, context }: { total: number; context: CommandContext }): void {
  const { terminal } = context;
  const label = `${done} of ${count(total, 'file')}`;
  if (terminal.showsProgress) terminal.status(progressLine({ done, total, label, width: terminal.width }));
  else terminal.note(`${label} done`);
}

async function report(
  files: readonly HandedFile[],
  {
    operations,
    context,
    json,
    known,
  }: { operations: Operations; context: CommandContext; json: boolean; known: ReadonlySet<string> },
): Promise<void> {
  const telling = new NotLoadedTeller(operations, context);
  for (const file of files) if (file.status !== 'loaded') await telling.tell(file);
  telling.end();
  if (json) {
    context.terminal.json(files);
    return;
  }
  for (const target of new Set(files.map((file) => file.target))) {
    const mine = files.filter((file) => file.target === target);
    const loaded = mine.filter(({ status }) => status === 'loaded');
    const before = loaded.filter((file) => known.has(keyOf(file))).length;
    const parts = [
      `${count(loaded.length - before, 'file')} loaded`,
      ...(before > 0 ? [`${before} had been loaded before`] : []),
      ...(['quarantined', 'superseded', 'waiting'] as const).flatMap((status) => {
        const amount = mine.filter((file) => file.status === status).length;
        return amount > 0 ? [`${amount} ${status === 'waiting' ? 'still waiting' : status}`] : [];
      }),
    ];
    context.terminal.result(`${target}: ${parts.join(', ')}`);
  }
}

function isSettled({ status }: HandedFile): boolean {
  return status !== 'waiting';
}

function keyOf({ target, id }: HandedFile): string {
  return `${target} ${id}`;
}
