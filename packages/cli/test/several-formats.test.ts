import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { HandedFile, PlanReport } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, newFolder, readMillrace, runMillrace } from './run-millrace.ts';

afterEach(cleanUp);

const CONFIG = {
  objects: { kind: 'directory', path: 'objects' },
  targets: {
    flights: {
      mode: 'append',
      from: [
        { prefix: 's3://lake/json/', format: { kind: 'json' }, copy: "TIMEFORMAT 'auto'" },
        { prefix: 's3://lake/old/', match: '*.txt', format: { kind: 'delimited', delimiter: ';' } },
        's3://lake/csv/',
      ],
      format: { kind: 'csv', header: true },
      freshness: '1s',
    },
  },
} as const;

async function newProject(): Promise<string> {
  const cwd = await newFolder();
  await writeFile(join(cwd, 'millrace.config.json'), JSON.stringify(CONFIG));
  await runMillrace(['migrate', 'new', 'flights'], { cwd });
  await writeFile(
    join(cwd, 'migrations', '0001_flights.sql'),
    'CREATE TABLE flights (flight VARCHAR(16), delay INTEGER);',
  );
  return cwd;
}

describe('a table that is fed with several formats', () => {
  it('gets every file where its format is read, in one lane, a load per format', async () => {
    const cwd = await newProject();
    await writeFile(join(cwd, 'a.csv'), 'flight,delay\nMR 1,1\n');
    await writeFile(join(cwd, 'b.json.gz'), gzipSync('{"flight": "MR 2", "delay": 2}\n'));
    await writeFile(join(cwd, 'c.txt'), 'MR 3;3\n');
    await writeFile(join(cwd, 'd.csv'), 'flight,delay\nMR 4,4\n');
    const { code, stdout, stderr } = await runMillrace(
      ['load', 'flights', 'a.csv', 'b.json.gz', 'c.txt', 'd.csv', '--json'],
      { cwd },
    );
    expect({ code, stderr: stderr.includes('error') }).toEqual({ code: 0, stderr: false });
    expect((JSON.parse(stdout) as HandedFile[]).map(({ url }) => url)).toEqual([
      's3://lake/csv/a.csv',
      's3://lake/json/b.json.gz',
      's3://lake/old/c.txt',
      's3://lake/csv/d.csv',
    ]);
    expect(await readMillrace(['query', 'SELECT * FROM flights ORDER BY flight'], { cwd })).toEqual(
      [1, 2, 3, 4].map((n) => ({ flight: `MR ${n}`, delay: n })),
    );
  });

  it('plans the COPY of the format whose turn it is', async () => {
    const cwd = await newProject();
    await runMillrace(['migrate'], { cwd });
    const { statements } = await readMillrace<PlanReport>(['plan', 'flights'], { cwd });
    expect(statements.find((sql) => sql.startsWith('COPY'))).toContain(
      "FORMAT JSON 'auto' TIMEFORMAT 'auto'",
    );
  });
});
