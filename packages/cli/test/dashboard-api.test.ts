import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { ActivityPage, FailurePage, Overview } from '@millrace/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOperator, dropFile, type Served, serveDashboard } from './dashboard-project.ts';
import { BINARY, cleanUp, runMillrace, until } from './run-millrace.ts';

/** One process for all: what is asked here is refused, or changes little. */
let served: Served;
let cookie: string;

beforeAll(async () => {
  served = await serveDashboard();
  const answer = await fetch(`${served.base}/?token=${served.token}`, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
  cookie = answer.headers.get('set-cookie') ?? '';
}, 60_000);
afterAll(cleanUp);

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Byte for byte, also what `fetch` would make right or forbids. */
function send(
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(served.base);
  return new Promise((resolve, reject) => {
    const call = request({ host: hostname, port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

const session = (): string => cookie.split(';')[0] ?? '';
/** What the page itself sends. */
const own = (): Record<string, string> => ({
  cookie: session(),
  origin: served.base,
  'x-millrace-page': '1',
  'content-type': 'application/json',
});
const PAUSE = JSON.stringify({ target: 'public.flights', why: 'to see', by: 'eve' });
const pause = (headers: Record<string, string>): Promise<Answer> =>
  send('/api/actions/pause', { method: 'POST', headers, body: PAUSE });
const stateOfFlights = async (): Promise<string | undefined> => {
  const overview = (await (await asOperator(served, '/api/overview')).json()) as Overview;
  return overview.targets.find(({ target }) => target === 'public.flights')?.state;
};

describe('a login link', () => {
  it('logs one browser in, once, by a cookie that scripts and other sites do not get', async () => {
    expect(cookie).toMatch(/^millrace_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/u);
    const again = await send(`/?token=${served.token}`);
    expect(again.status).toBe(303);
    expect(again.headers).toMatchObject({ location: '/#/login/used' });
    expect(again.headers['set-cookie']).toBeUndefined();
    expect((await send('/api/session', { headers: { cookie: session() } })).status).toBe(200);
  });

  it('is not used up by a look at the headers alone', async () => {
    const { path } = (await (await asOperator(served, '/api/links', {})).json()) as { path: string };
    await send(path, { method: 'HEAD' });
    expect((await send(path)).headers['set-cookie']).toBeDefined();
  });

  it('is printed anew by `millrace dashboard`, and ends with a log-out', async () => {
    const { stdout } = await runMillrace(['dashboard'], { cwd: served.cwd });
    const link = new URL(stdout.trim());
    const answer = await send(link.pathname + link.search);
    const other = String(answer.headers['set-cookie']).split(';')[0] ?? '';
    expect((await send('/api/session', { headers: { cookie: other } })).status).toBe(200);
    const out = await send('/api/session', { method: 'DELETE', headers: { ...own(), cookie: other } });
    expect(out.status).toBe(204);
    expect((await send('/api/session', { headers: { cookie: other } })).status).toBe(401);
  });

  it('can be pasted into the page', async () => {
    const { path } = (await (await asOperator(served, '/api/links', {})).json()) as { path: string };
    const body = JSON.stringify({ token: path.split('=')[1] });
    const { cookie: _, ...headers } = own();
    const first = await send('/api/session', { method: 'POST', headers, body });
    expect([first.status, String(first.headers['set-cookie'])]).toEqual([
      204,
      expect.stringContaining('HttpOnly'),
    ]);
    expect((await send('/api/session', { method: 'POST', headers, body })).status).toBe(401);
  });
});

describe('nothing is told or done', () => {
  it.each(['/api/overview', '/api/failures', '/api/activity', '/api/live', '/api/jobs', '/api/status'])(
    'to somebody without a token: %s',
    async (path) => {
      const answer = await send(path);
      expect(answer.status).toBe(401);
      expect(answer.body).toContain('not-logged-in');
      expect((await send(path, { headers: { authorization: 'Bearer wrong-token-of-a-test' } })).status).toBe(
        401,
      );
    },
  );

  it.each(['pause', 'resume', 'redrive', 'redrive-rejects', 'cancel', 'reconcile'])(
    'without a token, or by another site: %s',
    async (action) => {
      const path = `/api/actions/${action}`;
      const body = '{"target":"public.flights","why":"x","job":"x","repair":true}';
      const as = async (headers: Record<string, string>): Promise<number> =>
        (await send(path, { method: 'POST', headers, body })).status;
      const { origin: _, ...noOrigin } = own();
      const { 'x-millrace-page': __, ...noHeader } = own();
      expect(await as({ 'content-type': 'application/json' })).toBe(401);
      expect(await as(noOrigin)).toBe(403);
      expect(await as(noHeader)).toBe(403);
      expect(await as({ ...own(), origin: 'http://evil.example' })).toBe(403);
      expect(await as({ ...own(), origin: 'null' })).toBe(403);
      expect(await as({ ...own(), 'sec-fetch-site': 'same-site' })).toBe(403);
      expect(await as({ ...own(), 'content-type': 'text/plain' })).toBe(415);
      expect(await stateOfFlights()).toBe('idle');
    },
  );

  it('under a name that is not this server’s: what DNS rebinding needs', async () => {
    const host = 'evil.example';
    for (const path of ['/', '/api/overview', '/api/session', '/favicon.svg']) {
      const answer = await send(path, { headers: { cookie: session(), host } });
      expect([path, answer.status]).toEqual([path, 421]);
    }
    const rebound = { ...own(), host, origin: `http://${host}` };
    expect((await pause(rebound)).status).toBe(421);
    expect((await send('/', { headers: { host: 'localhost:1' } })).status).toBe(200);
    expect((await send('/', { headers: { host: '[::1]:1' } })).status).toBe(200);
  });
});

describe('what is sent', () => {
  it('is bounded', async () => {
    const body = JSON.stringify({ target: null, why: 'x'.repeat(70_000) });
    const large = await send('/api/actions/pause', { method: 'POST', headers: own(), body });
    expect([large.status, large.body]).toEqual([413, expect.stringContaining('body-too-large')]);
    const long = await send(`/api/trace?url=s3://${'x'.repeat(2_000)}`, { headers: { cookie: session() } });
    expect([long.status, long.body]).toEqual([400, expect.stringContaining('url')]);
    const many = { urls: Array.from({ length: 501 }, (_, n) => `s3://lake/flights/${n}`), why: 'x' };
    expect((await asOperator(served, '/api/actions/redrive', many)).status).toBe(400);
    expect((await asOperator(served, '/api/failures?limit=501')).status).toBe(400);
  });

  it.each([
    ['/api/actions/pause', { target: 'public.flights' }, 'why'],
    ['/api/actions/pause', { target: 'public.flights', why: '  ' }, 'why'],
    ['/api/actions/pause', { target: 'public.flights', why: 'x', more: 1 }, 'more'],
    ['/api/actions/cancel', { target: 'public.flights', why: 'x' }, 'job'],
  ])('names what is wrong: %s %j', async (path, body, word) => {
    const answer = await asOperator(served, path, body);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(word)]);
  });

  it.each([
    ['/api/actions/pause', { target: 'public.none', why: 'x' }, 404, 'target-unknown'],
    ['/api/actions/cancel', { target: 'public.flights', job: 'none', why: 'x' }, 409, 'job-not-running'],
    ['/api/failures?cursor=x', undefined, 400, 'invalid-cursor'],
    ['/api/activity?cursor=../../x', undefined, 400, 'invalid-cursor'],
    ['/api/trace?url=lake', undefined, 400, 'invalid-url'],
    ['/api/jobs/none', undefined, 404, 'job-unknown'],
    ['/api/none', undefined, 404, 'not-found'],
  ])('is answered clearly: %s %j', async (path, body, status, code) => {
    const answer = await asOperator(served, path, body);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(code)]);
  });

  it.each([
    '/assets/../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/.sources',
    '/assets/..%5c..%5cpackage.json',
    '/.sources',
    '/assets//etc/passwd',
    '/assets/%00',
    '/../../etc/passwd',
  ])('finds nothing but the page: %s', async (path) => {
    const { status, body } = await send(path, { headers: { cookie: session() } });
    expect([400, 404]).toContain(status);
    expect(body).not.toMatch(/root:|"name"|[0-9a-f]{64}/u);
  });
});

describe('each answer', () => {
  it.each(['/', '/favicon.svg', '/assets/none', '/api/overview', '/api/none'])(
    'forbids what the page does not need: %s',
    async (path) => {
      const { headers } = await send(path, { headers: { cookie: session() } });
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|data:|\*/u);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    },
  );
});

describe('actions', () => {
  it('are kept with who, when and why, from page and command line, also what failed', async () => {
    expect((await pause(own())).status).toBe(200);
    expect(await stateOfFlights()).toBe('paused');
    await runMillrace(['resume', 'public.flights'], { cwd: served.cwd });
    await asOperator(served, '/api/actions/pause', { target: 'public.none', by: 'eve', why: 'a typo' });
    const page = (await (await asOperator(served, '/api/activity?limit=3')).json()) as ActivityPage;
    expect(page.entries).toMatchObject([
      { action: 'pause', target: 'public.none', by: 'eve', why: 'a typo', outcome: 'failed' },
      { action: 'resume', target: 'public.flights', outcome: 'done' },
      { action: 'pause', by: 'eve', why: 'to see', outcome: 'done', text: 'public.flights: paused' },
    ]);
    expect(page.next).not.toBeNull();
    const rest = (await (
      await asOperator(served, `/api/activity?cursor=${page.next}`)
    ).json()) as ActivityPage;
    const ids = [...page.entries, ...rest.entries].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(rest.entries.every(({ at }) => at <= (page.entries.at(-1)?.at ?? ''))).toBe(true);
  });
});

describe('lists', () => {
  it('come in pages, and changes as events', async () => {
    const stop = new AbortController();
    const live = await fetch(`${served.base}/api/live`, {
      headers: { authorization: `Bearer ${served.operatorToken}` },
      signal: stop.signal,
    });
    let heard = '';
    const listening = (async () => {
      for await (const chunk of live.body ?? []) heard += Buffer.from(chunk).toString();
    })().catch(() => undefined);
    await until(() => heard.includes('event: targets'), { what: () => `all targets, not ${heard}` });
    for (let n = 0; n < 7; n += 1)
      await dropFile(served, `bad-${n}.csv`, `flight,delay\nMR1,none\nMR${n},x\n`);
    await until(() => heard.includes('"quarantined":7'), { what: () => `the news, not ${heard}` });
    const found: string[] = [];
    let cursor = '';
    do {
      const answer = await asOperator(
        served,
        `/api/failures?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      const page = (await answer.json()) as FailurePage;
      expect(page.entries.length).toBeLessThanOrEqual(3);
      found.push(...page.entries.map(({ url }) => url));
      cursor = page.next ?? '';
    } while (cursor !== '');
    expect(found.toSorted()).toEqual(Array.from({ length: 7 }, (_, n) => `s3://lake/flights/bad-${n}.csv`));
    stop.abort();
    await listening;
  });
});

describe('the manual', () => {
  const manual = readFileSync(new URL('../../../docs/dashboard.md', import.meta.url), 'utf8');

  it('names requests that there are, each of them', async () => {
    const rows = [...manual.matchAll(/^\| `(GET|POST) (\/api\/[^`]+)`(?:, `\/(\w+)`)? \|/gmu)];
    expect(rows.length).toBeGreaterThan(12);
    for (const [, method = '', path = '', also] of rows) {
      const [plain = ''] = path.replace('TARGET', 'public.flights').split('?');
      const paths = also === undefined ? [plain] : [plain, plain.replace(/\w+$/u, also)];
      for (const one of paths) {
        const stop = new AbortController();
        const answer = await fetch(served.base + one, {
          method,
          headers: { authorization: `Bearer ${served.operatorToken}` },
          signal: stop.signal,
        });
        const text = one === '/api/live' ? '' : await answer.text();
        stop.abort();
        expect([method, one, text.includes('urn:millrace:problem:not-found')]).toEqual([method, one, false]);
      }
    }
  });

  it('shows commands that do what it says', () => {
    const [, snippet = ''] = /```sh\n(TOKEN=[\s\S]*?)```/u.exec(manual) ?? [];
    const script = snippet
      .replaceAll('http://127.0.0.1:8080', served.base)
      .replaceAll('public.orders', 'public.flights')
      .replaceAll('curl ', 'curl -sS --fail ');
    const answers = execFileSync('bash', ['-ec', script], { cwd: served.cwd, encoding: 'utf8' });
    expect(answers).toMatch(/"targets":[\s\S]*"since":"20/u);
    execFileSync(process.execPath, [BINARY, 'resume', 'public.flights'], { cwd: served.cwd });
  });
});
