import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SqlRow, StatusReport } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type TestProject, TestProjects } from './test-project.ts';

/** Loads that are larger than memory would like, each in a process of its own whose peak is measured. Linux only. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const GB = 1_000_000_000;
const MAX_PEAK_BYTES = 1.5 * GB;
const TARGETS = {
  'public.t': {
    mode: 'append',
    from: 's3://lake/t/',
    format: { kind: 'csv' },
    maxBytes: '2GB',
    maxFiles: 5_000,
  },
};

function newProject(): TestProject {
  return projects.make({
    tables:
      'CREATE TABLE public.t (id BIGINT NOT NULL, name VARCHAR(80), at TIMESTAMP, amount DECIMAL(12, 2));',
    targets: TARGETS,
  });
}

describe('a file of 1 GB', () => {
  it('is loaded with a peak below 1.5 GB', async () => {
    const project = newProject();
    const rows = await putLargeFile(project, 't/large.csv', GB);
    const answer = await load(project, 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM public.t');
    tell('1 GB CSV', answer);
    expect(answer.held).toEqual([]);
    expect(answer.rows).toEqual([{ n: rows, ids: rows }]);
    expect(answer.peakBytes).toBeLessThan(MAX_PEAK_BYTES);
  });
});

describe('100,000 tiny files', () => {
  const FILES = 100_000;

  it('are loaded, each once, in the fewest jobs, and not again', async () => {
    const project = newProject();
    for (let folder = 0; folder < 100; folder += 1) {
      mkdirSync(project.path(`t/${folder}`), { recursive: true });
      for (let n = 0; n < FILES / 100; n += 1) {
        const id = folder * (FILES / 100) + n;
        writeFileSync(project.path(`t/${folder}/${n}.csv`), `${id},n,2026-11-21 00:00:00,1.00\n`);
      }
    }
    const question = `SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM public.t`;
    for (const which of ['100,000 files', '100,000 known files']) {
      const answer = await load(project, question);
      tell(which, answer);
      expect(answer.held).toEqual([]);
      expect(answer.rows).toEqual([{ n: FILES, ids: FILES }]);
      expect(answer.status['public.t']).toMatchObject({ loaded: FILES, waiting: 0, quarantined: 0 });
      expect(answer.peakBytes).toBeLessThan(MAX_PEAK_BYTES);
    }
  });
});

interface Answer {
  readonly held: readonly unknown[];
  readonly rows: readonly SqlRow[];
  readonly status: StatusReport['targets'];
  readonly seconds: number;
  readonly peakBytes: number;
}

function load(project: TestProject, question: string): Promise<Answer> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      join(import.meta.dirname, 'load-child.ts'),
      project.directory,
      JSON.stringify(TARGETS),
      question,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Answer);
      else reject(new Error(`the loader ended with ${code}: ${output}`));
    });
  });
}

function tell(what: string, { seconds, peakBytes }: Answer): void {
  process.stdout.write(`${what}: ${seconds.toFixed(1)} s, peak ${Math.round(peakBytes / 1e6)} MB\n`);
}

/** @returns how many rows it has. */
async function putLargeFile(project: TestProject, key: string, bytes: number): Promise<number> {
  const path = project.path(key);
  mkdirSync(dirname(path), { recursive: true });
  const draft = join(project.directory, 'draft');
  let rows = 0;
  async function* lines(): AsyncIterable<string> {
    for (let written = 0; written < bytes; ) {
      let chunk = '';
      while (chunk.length < 1_000_000) {
        rows += 1;
        chunk += `${rows},"name ""${rows % 1_000}"" of a row",2026-11-21 10:00:${String(rows % 60).padStart(2, '0')},${rows % 9_999}.25\n`;
      }
      written += chunk.length;
      yield chunk;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(draft));
  expect(statSync(draft).size).toBeGreaterThanOrEqual(bytes);
  renameSync(draft, path);
  return rows;
}
