import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, newFolder, readMillrace, runMillrace } from './run-millrace.ts';

afterEach(cleanUp);

async function countRows(cwd: string, table: string): Promise<number> {
  const [row] = await readMillrace<{ amount: number }[]>(
    ['query', `SELECT COUNT(*) AS amount FROM ${table}`],
    { cwd },
  );
  return Number(row?.amount);
}

describe('millrace init', () => {
  it('makes a project that loads its sample, without anything installed in it', async () => {
    const folder = await newFolder();
    // A package.json above that says otherwise is not about the configuration.
    await writeFile(join(folder, 'package.json'), '{"type": "commonjs"}');
    const made = await runMillrace(['init', 'flights'], { cwd: folder });
    expect(made.code).toBe(0);
    expect(made.stdout.trim().split('\n')).toEqual([
      'flights/millrace.config.ts',
      'flights/migrations/0001_create_flights.sql',
      'flights/objects/lake/flights/flights-2026-11-20.csv',
      'flights/.gitignore',
    ]);
    const cwd = join(folder, 'flights');
    const up = await runMillrace(['up', '--until-idle'], { cwd });
    expect(up).toMatchObject({ code: 0 });
    expect(up.stdout).toMatch(/public\.flights {2}loaded 1 file, 8 rows/u);
    expect(await countRows(cwd, 'flights')).toBe(8);
  });

  it('says how to go there whatever it is called, and names what is in its way once', async () => {
    const folder = await newFolder();
    const name = "odd näme '$x";
    const { stderr } = await runMillrace(['init', name, '--yes'], { cwd: folder });
    const [, line = ''] = /^ {2}(cd .+)$/mu.exec(stderr) ?? [];
    expect(execFileSync('bash', ['-ec', `${line}; pwd`], { cwd: folder, encoding: 'utf8' })).toBe(
      `${join(folder, name)}\n`,
    );
    const again = await runMillrace(['init', name, '--yes'], { cwd: folder });
    expect([again.code, again.stderr.split('millrace.config.ts').length]).toEqual([1, 2]);
  });

  it.each([
    ['orders.csv.gz', gzipSync('id,code,at\n1,007,2026-01-01T10:00:00Z\n2,008,2026-01-02T10:00:00Z\n')],
    ['orders.tsv', Buffer.from('id\tday\n1\t2026-01-01\n2\t2026-01-02\n')],
    [
      'orders.ndjson',
      Buffer.from('{"Id": 1, "tags": ["a"], "at": "2026-01-01T10:00:00Z"}\n{"Id": 2, "tags": []}\n'),
    ],
    ['orders.csv', Buffer.from('when,n\n31/01/2026,NA\n01/02/2026,3\n')],
  ])('makes the table from %s so that the file loads', async (name, bytes) => {
    const folder = await newFolder();
    await writeFile(join(folder, name), bytes);
    const args = ['init', 'shop', '--from', name, '--target', 'sales.orders', '--json-config', '--yes'];
    expect(await runMillrace(args, { cwd: folder })).toMatchObject({ code: 0 });
    const cwd = join(folder, 'shop');
    const up = await runMillrace(['up', '--until-idle'], { cwd });
    expect(up.stderr).not.toMatch(/quarantined|held|failed/u);
    expect(up.code).toBe(0);
    expect(await countRows(cwd, 'sales.orders')).toBe(2);
  });

  it('overwrites nothing', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'p'));
    await writeFile(join(folder, 'p', 'millrace.config.json'), '{}');
    const made = await runMillrace(['init', 'p', '--yes'], { cwd: folder });
    expect(made.code).toBe(1);
    expect(made.stderr).toContain('already has millrace.config.json; nothing was written');
    expect(await readdir(join(folder, 'p'))).toEqual(['millrace.config.json']);
    expect(await readFile(join(folder, 'p', 'millrace.config.json'), 'utf8')).toBe('{}');
  });
});
