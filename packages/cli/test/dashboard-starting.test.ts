import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { cleanUp, newFolder, runMillrace, startMillrace, until } from './run-millrace.ts';

afterEach(cleanUp);

it('links to the dashboard while the warehouse is waited for, which tells what is waited for', async () => {
  const cwd = await newFolder();
  // Nothing listens at port 1.
  const warehouse = { kind: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none' };
  const target = { from: 's3://lake/flights/', mode: 'append', format: { kind: 'csv' } };
  const config = { targets: { 'public.flights': target }, warehouse };
  await writeFile(join(cwd, 'millrace.config.json'), JSON.stringify(config));
  const up = startMillrace(['up', '--http-port', '0'], { cwd });
  await until(() => up.output().stderr.includes('starting, tried again'), {
    what: () => JSON.stringify(up.output()),
  });
  const { code, stdout, stderr } = await runMillrace(['dashboard'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  const page = await fetch(stdout.trim(), { redirect: 'manual' });
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? '';
  const overview = await fetch(new URL('/api/overview', stdout), { headers: { cookie } });
  expect([overview.status, await overview.text()]).toEqual([503, expect.stringContaining('127.0.0.1:1')]);
  up.process.kill('SIGTERM');
  expect((await up.ended).code).toBe(0);
  const gone = await runMillrace(['dashboard'], { cwd });
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('no `millrace up` runs here')]);
});
