import { setTimeout as pause } from 'node:timers/promises';
import { LoadError, type LoaderEvent, type Operations } from '@millrace/core';
import type { Millrace } from '@millrace/runtime';
import { controlPathOf, type Project } from '../project/project.ts';
import { ControlClient } from './control-client.ts';
import { readControlFile } from './control-file.ts';

/** How long a command waits for another short one to give the state directory back. */
const STATE_WAIT_MS = 10_000;
const STATE_POLL_MS = 100;

/** The operations of a project for one command: those of the `up` that runs, or of this process. */
export interface Session extends AsyncDisposable {
  readonly operations: Operations;
  /**
   * The pipeline in this process, when all of it works here; undefined when `up` does the work, when other workers
   * share the tracker, or when nothing is to be done.
   */
  readonly here: Millrace | undefined;
  /** Ends what this process opened: finishes the jobs in hand, gives the state directory back. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** What this process does, for those that are refused meanwhile. */
  readonly what: string;
  /** `work`: migrations are applied, targets made ready, files loaded. `inspect`: only looked at. */
  readonly purpose: 'work' | 'inspect';
  readonly onEvent?: (event: LoaderEvent) => void;
  readonly onError?: (where: string, error: unknown) => void;
}

/**
 * Finds who may work on the project's state: the `up` that runs, else this process.
 *
 * @throws LoadError `state-in-use` when another process has it, serves nobody and does not end within ten seconds
 */
export async function openSession(project: Project, options: SessionOptions): Promise<Session> {
  const deadlineAt = Date.now() + STATE_WAIT_MS;
  for (;;) {
    const client = await findRunning(project);
    if (client !== undefined) return remoteSession(client);
    try {
      const isWhole = options.purpose === 'work' && project.config.tracker.kind === 'sqlite';
      return localSession(await openHere(project, options), isWhole);
    } catch (error) {
      const isInUse = error instanceof LoadError && error.code === 'state-in-use';
      if (!isInUse || Date.now() > deadlineAt) throw error;
    }
    await pause(STATE_POLL_MS);
  }
}

/** The client of the `up` that serves this project; undefined when none does, whatever a dead one left behind. */
export async function findRunning(project: Project): Promise<ControlClient | undefined> {
  const address = readControlFile(controlPathOf(project));
  if (address === undefined) return undefined;
  const client = new ControlClient(address);
  return (await client.answers()) ? client : undefined;
}

async function openHere(project: Project, options: SessionOptions): Promise<Millrace> {
  // Only now: engines are large, and most commands find an `up` that has them open.
  const { Millrace } = await import('@millrace/runtime');
  const { config, directory } = project;
  const { purpose, what, onEvent, onError } = options;
  const settings = {
    directory,
    what,
    // A command hands files over and ends; who consumes a stream goes on.
    events: 'leave' as const,
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(onError === undefined ? {} : { onError }),
  };
  if (purpose === 'inspect') return Millrace.inspect(config, settings);
  // A table of a shared warehouse is changed by those who mean to: `millrace migrate`, or the workers' start.
  const migrates = config.warehouse.kind === 'local';
  const millrace = await Millrace.open(config, { ...settings, migrates });
  try {
    if (config.tracker.kind === 'sqlite') await millrace.start();
    else millrace.startHanded();
    return millrace;
  } catch (error) {
    await millrace.stop();
    throw error;
  }
}

function localSession(millrace: Millrace, isWhole: boolean): Session {
  const close = () => millrace.stop();
  return {
    operations: millrace,
    here: isWhole ? millrace : undefined,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function remoteSession(operations: Operations): Session {
  const close = async () => {};
  return { operations, here: undefined, close, [Symbol.asyncDispose]: close };
}
