import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  cleanUp,
  newFolder,
  type Running,
  runMillrace,
  startMillrace,
  until,
} from '../../packages/cli/test/run-millrace.ts';
import { PageShell } from './page-shell.ts';
import { scriptOf } from './shell-command.ts';
import { listSnippets } from './snippet.ts';

/*
 * Pages whose commands need a server, run on one that is started as the page says, but for its port. getting-started.md has a
 * test of its own beside the command line.
 */

afterEach(cleanUp);

const SNIPPETS = listSnippets();

/** The text of the one block of a page that has this in it. */
function blockWith(page: string, part: string): string {
  const found = SNIPPETS.filter((snippet) => snippet.page === page && snippet.text.includes(part));
  expect(found, `blocks of ${page} with ${part}`).toHaveLength(1);
  return found[0]?.text ?? '';
}

/** What is typed in such a block, one entry per prompt or line. */
function commandsWith(page: string, part: string): readonly string[] {
  const text = blockWith(page, part);
  const script = scriptOf({ page, line: 0, language: '', text });
  return script.replaceAll('\\\n', ' ').split('\n').filter(Boolean);
}

async function addressOf(running: Running, line: RegExp): Promise<string> {
  const find = (): string | undefined => {
    const { stdout, stderr } = running.output();
    return line.exec(stdout + stderr)?.[1];
  };
  await until(() => find() !== undefined, {
    what: () => `${line}; it said ${JSON.stringify(running.output())}`,
  });
  return find() ?? '';
}

async function stop(running: Running): Promise<void> {
  running.process.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
}

describe('docs/events.md', { timeout: 120_000 }, () => {
  const PAGE = 'docs/events.md';

  it('sends events that are taken', async () => {
    const cwd = await newFolder();
    await writeFile(join(cwd, 'millrace.config.json'), blockWith(PAGE, '"public.pages": { "key"'));
    const up = startMillrace(['up', '--only', 'producer', '--http-port', '0'], { cwd });
    const url = await addressOf(up, /events are taken at (\S+)/u);
    const shell = await PageShell.open(await newFolder());
    const [curl = '', answer = ''] = blockWith(
      PAGE,
      "curl http://127.0.0.1:8080/v1/events -H 'content-type: application/json'",
    ).split(/^# /mu);
    expect(JSON.parse(await shell.run(curl.replace('http://127.0.0.1:8080/v1/events', url)))).toEqual(
      JSON.parse(answer),
    );

    const program = blockWith(PAGE, 'await fetch(').replace('https://events.example.org/v1/events', url);
    const AsyncFunction = (async () => {}).constructor as new (
      ...texts: string[]
    ) => (location: object) => Promise<unknown>;
    const send = new AsyncFunction('location', `${program}; return { accepted, rejected };`);
    expect(await send({ pathname: '/' })).toEqual({ accepted: 1, rejected: [] });

    const events = [{ type: 'page.viewed' }, { id: '7f3b', type: 'page.viewed', time: 'yesterday' }];
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
    });
    expect(await response.json()).toEqual(JSON.parse(blockWith(PAGE, '{"accepted":1,"rejected":[{')));
    await stop(up);
  });

  it('shows what becomes of three events', async () => {
    const cwd = await newFolder();
    await mkdir(join(cwd, 'migrations'));
    await writeFile(join(cwd, 'migrations', '0001_tables.sql'), blockWith(PAGE, 'CREATE TABLE public.lines'));
    await writeFile(join(cwd, 'millrace.config.ts'), blockWith(PAGE, "'order.placed': transform"));
    await writeFile(join(cwd, 'orders.ndjson'), blockWith(PAGE, '"id":"o-1"'));
    const shell = await PageShell.open(await newFolder());

    const preview = blockWith(PAGE, '$ millrace transform --dry-run');
    const typed = '$ millrace transform --dry-run orders.ndjson\n';
    // It ends with 1: one of the events would be rejected.
    expect(
      typed + (await shell.run('millrace transform --dry-run orders.ndjson 2>&1 || test $? = 1', { cwd })),
    ).toBe(preview);

    const session = blockWith(PAGE, '--data-binary @orders.ndjson');
    const [, send = '', query = '', failures = ''] = commandsWith(PAGE, '--data-binary @orders.ndjson');
    // The part of `up` that answers; the other parts come below.
    const up = startMillrace(['up', '--only', 'producer', '--http-port', '0'], { cwd });
    const url = await addressOf(up, /events are taken at (\S+)/u);
    const said = [await shell.run(send.replace('http://127.0.0.1:8080/v1/events', url), { cwd })];
    await stop(up);
    // Instead of waiting for the freshness of the targets.
    expect(await runMillrace(['up', '--until-idle'], { cwd })).toMatchObject({ code: 0 });
    for (const command of [query, failures]) said.push(await shell.run(`${command} 2>&1`, { cwd }));
    const shown = session.split(/^\$ .*\n/mu).slice(2);
    expect(said.map(masked)).toEqual(shown.map(masked));
  });
});

/** The same for the same meaning. */
function masked(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/gu, '<at>')
    .replaceAll(/rejects\/\S+\.ndjson/gu, 'rejects/<object>')
    .trim();
}

describe('docs/dashboard.md', { timeout: 120_000 }, () => {
  const PAGE = 'docs/dashboard.md';

  it('comes from a folder to the first row, and its API is asked', async () => {
    const folder = await newFolder();
    const shell = await PageShell.open(await newFolder(), { TMPDIR: folder });
    // Installing would take the packages away under the tests that run meanwhile; the last line does not end.
    const steps = commandsWith(PAGE, 'npm run setup');
    const [setup, path, ...others] = steps.slice(0, -1);
    expect([setup, path, steps.at(-1)]).toEqual([
      'npm run setup',
      'export PATH="$PWD/node_modules/.bin:$PATH"',
      'millrace up --http-port 8080',
    ]);
    const cwd = (await shell.run(`${others.join('\n')} >&2\npwd`)).trim().split('\n').at(-1) ?? '';
    const up = startMillrace(['up', '--http-port', '0'], { cwd });
    const address = await addressOf(
      up,
      /dashboard at http:\/\/(\S+)\/\?token=\S+ \(logs one browser in, once\)/u,
    );

    const [token = '', overview = '', pause = ''] = commandsWith(PAGE, 'TOKEN=$(node');
    const ask = async (command: string): Promise<string> =>
      shell.run(`${token}\n${command.replace('127.0.0.1:8080', address)}`, { cwd });
    const rows = async (): Promise<unknown> =>
      (JSON.parse(await ask(overview)) as { targets: { rows: number }[] }).targets[0]?.rows;
    await expect.poll(rows, { timeout: 30_000, interval: 500 }).toBeGreaterThan(0);
    await ask(pause);
    expect(await ask(overview)).toContain('new column today');
    await stop(up);
  });
});

describe('docs/redshift-local.md', { timeout: 120_000 }, () => {
  const PAGE = 'docs/redshift-local.md';

  it('is asked over HTTP, by the AWS CLI and from Python', async () => {
    const cwd = await newFolder();
    const server = startMillrace(
      ['redshift', '--port', '0', '--db', 'warehouse.db', '--objects', './objects'],
      { cwd },
    );
    const address = await addressOf(server, /listening on http:\/\/(\S+)/u);
    const here = (text: string): string => text.replaceAll('127.0.0.1:8439', address);
    const shell = await PageShell.open(await newFolder());

    const [put = '', get = '', remove = ''] = commandsWith(PAGE, '_millrace/faults').map(here);
    expect(JSON.parse(await shell.run(put))).toMatchObject({ eventLoss: 0.3, maintenance: true });
    expect(JSON.parse(await shell.run(get))).toMatchObject({ eventLoss: 0.3, maintenance: true });
    expect(JSON.parse(await shell.run(remove))).not.toMatchObject({ maintenance: true });

    const has = (command: string): Promise<boolean> =>
      shell.run(command).then(
        () => true,
        () => false,
      );
    if (await has('command -v aws')) {
      const [keys = '', execute = '', result = ''] = commandsWith(PAGE, '$ aws redshift-data').map(here);
      const id = JSON.parse(await shell.run(`${keys}\n${execute}`)) as string;
      expect(id).toMatch(/^[\da-f-]{36}$/u);
      const answer = await shell.run(`${keys}\n${result.replace(/--id \S+/u, `--id ${id}`)}`);
      expect(JSON.parse(answer)).toMatchObject({ Records: [[{ longValue: 1 }]] });
    } else console.log(`${PAGE}: the commands of the AWS CLI were not run: there is none on this machine`);

    await writeFile(join(cwd, 'page.py'), here(blockWith(PAGE, 'import boto3')));
    if (await has('python3 -c "import boto3"')) {
      expect(await shell.run('python3 page.py', { cwd })).toMatch(
        /^(?:SUBMITTED|PICKED|STARTED|FINISHED)\n$/u,
      );
    } else if (await has('command -v python3')) {
      await shell.run('python3 -c "import ast; ast.parse(open(\'page.py\').read())"', { cwd });
      console.log(`${PAGE}: the Python was parsed and not run: there is no boto3 on this machine`);
    } else console.log(`${PAGE}: the Python was not looked at: there is none on this machine`);
    await stop(server);
  });
});
