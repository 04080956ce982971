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
import { Millrace } from '../src/millrace.ts';

export interface TestProjectOptions {
  /** DDL of the project's one migration. */
  readonly tables: string;
  readonly targets: Readonly<Record<string, unknown>>;
  /** What the configuration says beside its targets. */
  readonly config?: Readonly<Record<string, unknown>>;
}

let openWarehouse: (() => Promise<unknown>) | undefined;

/** Projects whose configuration names no warehouse load into one of these each, and not into redshift-local. */
export function loadProjectsInto(open: () => Promise<unknown>): void {
  openWarehouse = open;
}

/** A project in a temporary directory with a loader that runs in this process. */
export class TestProject {
  readonly directory = mkdtempSync(join(tmpdir(), 'millrace-project-'));
  readonly events: LoaderEvent[] = [];
  /** What went wrong by no fault of a file: nothing, unless a test makes it so. */
  readonly defects: { where: string; error: unknown }[] = [];
  #config: Readonly<Record<string, unknown>>;
  #loader: Loader | undefined;

  constructor({ tables, targets, config = {} }: TestProjectOptions) {
    this.#config = { settle: '20ms', ...config, targets };
    mkdirSync(join(this.directory, 'migrations'));
    this.migrate(tables);
  }

  /** Writes the project's one migration anew. */
  migrate(tables: string): void {
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

  /** What the verbs of the last `open` are given. */
  get loader(): Loader {
    if (this.#loader === undefined) throw new Error('the project was not opened yet');
    return this.#loader;
  }

  /** Changes the configuration for the next `open`. */
  configure(config: Readonly<Record<string, unknown>>): void {
    this.#config = { ...this.#config, ...config };
  }

  path(key: string): string {
    return join(this.directory, '.millrace', 'objects', 'lake', key);
  }

  async open(instrument?: (loader: Loader) => Loader): Promise<Millrace> {
    if (openWarehouse !== undefined && this.#config.warehouse === undefined) {
      this.configure({ warehouse: await openWarehouse() });
    }
    const config = parseConfig(this.#config, { source: 'test' });
    return Millrace.open(config, {
      directory: this.directory,
      onEvent: (event) => this.events.push(event),
      onError: (where, error) => this.defects.push({ where, error }),
      instrument: (given) => {
        this.#loader = instrument === undefined ? given : instrument(given);
        return this.#loader;
      },
    });
  }

  /** Opens, loads what is there, asks, and closes. */
  async drain<Answer>(
    ask: (millrace: Millrace) => Promise<Answer>,
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

/** The project that `afterEach` removes. */
export class TestProjects {
  readonly #projects: TestProject[] = [];

  make(options: TestProjectOptions): TestProject {
    const project = new TestProject(options);
    this.#projects.push(project);
    return project;
  }

  removeAll(): void {
    for (const project of this.#projects.splice(0)) project.remove();
  }
}

export async function rowsOf(millrace: Millrace, sql: string): Promise<readonly SqlRow[]> {
  return (await millrace.query(sql)).rows;
}

export async function statusOf(millrace: Millrace, target: string): Promise<TargetStatus> {
  const { targets } = await millrace.status();
  const status = targets[target];
  if (status === undefined) throw new Error(`${target} is not in the status`);
  return status;
}

/** Failures without what differs from run to run. */
export async function failuresOf(millrace: Millrace): Promise<Omit<FailureEntry, 'at' | 'hint'>[]> {
  return (await millrace.failures({})).map(({ at: _, hint: __, ...failure }) => failure);
}
