import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type MillraceConfig, parseConfig } from '@millrace/core';

/** Three tables that differ in what a crash can break: a straight COPY, a merge, and a done action that moves. */
export const CONFIG = {
  settle: '50ms',
  targets: {
    'public.events': {
      mode: 'append',
      from: 's3://lake/events/',
      format: { kind: 'json' },
      freshness: '1s',
      maxFiles: 7,
    },
    'public.moved': {
      mode: 'append',
      from: 's3://lake/incoming/',
      format: { kind: 'csv' },
      freshness: '1s',
      maxFiles: 5,
      after: 'move',
      processedPrefix: 's3://lake/processed/',
    },
    'public.dims': {
      mode: 'upsert',
      key: ['id'],
      latestBy: ['ts'],
      from: 's3://lake/dims/',
      format: { kind: 'json' },
      freshness: '1s',
      maxFiles: 6,
    },
  },
} as const;

const MIGRATION = `
CREATE TABLE public.events (id INTEGER NOT NULL, name VARCHAR(40));
CREATE TABLE public.moved (id INTEGER NOT NULL, name VARCHAR(40));
CREATE TABLE public.dims (id INTEGER NOT NULL, v INTEGER, ts BIGINT);
`;

/** The variable that says where the warehouse is, where that is not a file of the project. */
export const CRASH_WAREHOUSE = 'MILLRACE_CRASH_WAREHOUSE';

export function readCrashConfig(): MillraceConfig {
  const warehouse = process.env[CRASH_WAREHOUSE];
  const place = warehouse === undefined ? {} : { warehouse: JSON.parse(warehouse) as unknown };
  return parseConfig({ ...CONFIG, ...place }, { source: 'crash-project.ts' });
}

const ROWS_PER_FILE = 3;
const DIMENSIONS = 10;

/** A project on disk that gets files, and knows what has to be in its tables for them. */
export class CrashProject {
  readonly directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
  #files = 0;

  constructor() {
    mkdirSync(join(this.directory, 'migrations'));
    writeFileSync(join(this.directory, 'migrations', '0001_tables.sql'), MIGRATION);
    mkdirSync(join(this.directory, '.millrace', 'objects', 'lake'), { recursive: true });
  }

  /** One file for each table, renamed into place. */
  drop(): void {
    this.#files += 1;
    const n = this.#files;
    const ids = Array.from({ length: ROWS_PER_FILE }, (_, row) => n * ROWS_PER_FILE + row);
    this.#put(`events/${n}.json`, ids.map((id) => `${JSON.stringify({ id, name: `é${id}` })}\n`).join(''));
    this.#put(`incoming/${n}.csv`, ids.map((id) => `${id},"n ""${id}"""\n`).join(''));
    this.#put(`dims/${n}.json`, `${JSON.stringify({ id: n % DIMENSIONS, v: n, ts: n })}\n`);
  }

  /** What the three queries of `readTables` must say. */
  get expected(): TableFacts {
    const rows = this.#files * ROWS_PER_FILE;
    const latest = new Map<number, number>();
    for (let n = 1; n <= this.#files; n += 1) latest.set(n % DIMENSIONS, n);
    const sum = [...latest.values()].reduce((total, n) => total + n, 0);
    return {
      events: { rows, ids: rows },
      moved: { rows, ids: rows },
      dims: { rows: latest.size, sum },
    };
  }

  get fileCount(): number {
    return this.#files;
  }

  forgetTracker(): void {
    for (const name of ['tracker.db', 'wakes.db', 'etags.db']) {
      for (const suffix of ['', '-wal', '-shm'])
        rmSync(join(this.directory, '.millrace', name + suffix), { force: true });
    }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #put(key: string, text: string): void {
    const path = join(this.directory, '.millrace', 'objects', 'lake', key);
    mkdirSync(dirname(path), { recursive: true });
    const draft = join(this.directory, 'draft');
    writeFileSync(draft, text);
    renameSync(draft, path);
  }
}

export interface TableFacts {
  readonly events: { readonly rows: number; readonly ids: number };
  readonly moved: { readonly rows: number; readonly ids: number };
  readonly dims: { readonly rows: number; readonly sum: number };
}
