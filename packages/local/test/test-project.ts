import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type FailureEntry,
  type Loader,
  type LoaderEvent,
  parseConfig,
  type SqlRow,
  type TargetStatus,
} from '@millrace/core';
import { LocalMillrace } from '../src/runtime/local-millrace.ts';

export interface TestProjectOptions {
  /** DDL of the project's one migration. */
  readonly tables: string;
  readonly targets: Readonly<Record<string, unknown>>;
}

/** A project in a temporary directory with a loader that runs in this process. */
export class TestProject {
  readonly directory = mkdtempSync(join(tmpdir(), 'millrace-project-'));
  readonly events: LoaderEvent[] = [];
  /** What went wrong by no fault of a file: nothing, unless a test makes it so. */
  readonly defects: { where: string; error: unknown }[] = [];
  readonly #targets: TestProjectOptions['targets'];

  constructor({ tables, targets }: TestProjectOptions) {
    this.#targets = targets;
    mkdirSync(join(this.directory, 'migrations'));
    writeFileSync(join(this.directory, 'migrations', '0001_tables.sql'), tables);
  }

  /** Puts a file where `s3://lake/<key>` is, by a rename. */
  put(key: string, content: string | Uint8Array): string {
    const path = this.path(key);
    mkdirSync(dirname(path), { recursive: true });
    const draft = join(this.directory, 'draft');
    writeFileSync(draft, content);
    renameSync(draft, path);
    return `s3://lake/${key}`;
  }

  path(key: string): string {
    return join(this.directory, '.millrace', 'objects', 'lake', key);
  }

  open(instrument?: (loader: Loader) => Loader): Promise<LocalMillrace> {
    const config = parseConfig({ settle: '20ms', targets: this.#targets }, { source: 'test' });
    return LocalMillrace.open(config, {
      directory: this.directory,
      onEvent: (event) => this.events.push(event),
      onError: (where, error) => this.defects.push({ where, error }),
      ...(instrument === undefined ? {} : { instrument }),
    });
  }

  /** Opens, loads what is there, asks, and closes. */
  async drain<Answer>(
    ask: (millrace: LocalMillrace) => Promise<Answer>,
    instrument?: (loader: Loader) => Loader,
  ): Promise<Answer> {
    const millrace = await this.open(instrument);
    try {
      await millrace.start();
      await millrace.untilIdle();
      return await ask(millrace);
    } finally {
      await millrace.stop();
    }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function rowsOf(millrace: LocalMillrace, sql: string): Promise<readonly SqlRow[]> {
  return (await millrace.query(sql)).rows;
}

export async function statusOf(millrace: LocalMillrace, target: string): Promise<TargetStatus> {
  const { targets } = await millrace.status();
  const status = targets[target];
  if (status === undefined) throw new Error(`${target} is not in the status`);
  return status;
}

/** Failures without what differs from run to run. */
export async function failuresOf(millrace: LocalMillrace): Promise<Omit<FailureEntry, 'at' | 'hint'>[]> {
  return (await millrace.failures({})).map(({ at: _, hint: __, ...failure }) => failure);
}
