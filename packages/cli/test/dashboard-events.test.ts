import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActivityPage, RejectReport } from '@millrace/core';
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOperator, OPERATOR_TOKEN, type Served } from './dashboard-project.ts';
import { openBrowser, SCREENS } from './open-browser.ts';
import { cleanUp, newFolder, readMillrace, runMillrace, startMillrace, until } from './run-millrace.ts';

/** What the dashboard shows of events, and does with those that became no rows. */

const XSS = '<img src=x onerror="window.hit=1">';
const VIEWED = [{ fact: 'public.views', columns: { id: '$.id', url: '$.data.url' } }];

let served: Served;

beforeAll(async () => {
  const cwd = await newFolder();
  await mkdir(join(cwd, 'migrations'));
  const table = 'CREATE TABLE public.views (id VARCHAR(64), url VARCHAR(10));';
  await writeFile(join(cwd, 'migrations', '0001_views.sql'), table);
  await configure(cwd);
  const env = { MILLRACE_OPERATOR_TOKEN: OPERATOR_TOKEN };
  const up = startMillrace(['up', '--http-port', '0'], { cwd, env });
  const link = (): RegExpExecArray | null =>
    /dashboard at (http:\/\/[^/]+)\/\?token=([\w-]+)/u.exec(up.output().stdout);
  await until(() => link() !== null, { what: () => JSON.stringify(up.output()) });
  const [, base = '', token = ''] = link() ?? [];
  served = { up, cwd, base, token, operatorToken: OPERATOR_TOKEN };
}, 60_000);
afterAll(cleanUp);

async function configure(cwd: string): Promise<void> {
  const targets = { 'public.views': { freshness: '1s' } };
  const config = { targets, events: { 'page.viewed': VIEWED }, consumer: { maxAge: '100ms' } };
  await writeFile(join(cwd, 'millrace.config.json'), JSON.stringify(config));
}

async function send(...events: readonly { id: string; type: string; url: string }[]): Promise<void> {
  const body = JSON.stringify(events.map(({ id, type, url }) => ({ id, type, data: { url } })));
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${served.base}/v1/events`, { method: 'POST', headers, body });
  expect(response.status).toBe(202);
}

const rejects = async (query = ''): Promise<RejectReport> =>
  (await asOperator(served, `/api/rejects${query}`)).json() as Promise<RejectReport>;

describe('events on the dashboard', { timeout: 60_000 }, () => {
  it('are counted by type; rejects are listed, redriven from the page when they fit, and it is kept', async () => {
    await send(
      { id: 'good', type: 'page.viewed', url: '/x' },
      { id: XSS, type: 'page.viewed', url: '/much-too-long' },
      { id: 'other', type: XSS, url: '/y' },
    );
    await until(async () => (await rejects()).entries?.length === 2, { what: () => 'two rejects' });
    const browser = await openBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
      await page.goto(`${served.base}/?token=${served.token}`);
      await page.getByRole('link', { name: /public\.views/u }).waitFor();
      await page.goto(`${served.base}/#/streams`);
      const types = page.locator('section', { has: page.getByRole('heading', { name: 'Event types' }) });
      await types.getByText('any other').waitFor();
      const rows = await types.locator('tbody tr').allTextContents();
      expect(rows[0]).toMatch(/page\.viewed.*public\.views.*id, url.*21$/u);
      expect(rows[1]).toMatch(/any other.*11$/u);
      await expect(types.textContent()).resolves.toContain('counted since');
      for (const [name, colorScheme, width] of [
        ['streams-light', 'light', 1280],
        ['streams-dark', 'dark', 1280],
        ['streams-phone', 'light', 390],
      ] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 860 });
        await page.screenshot({ path: join(SCREENS, `${name}.png`), fullPage: true });
        await page.evaluate(axe.source);
        const found = await page.evaluate(async () => {
          const { axe: tool } = globalThis as unknown as { axe: typeof import('axe-core') };
          return (await tool.run()).violations.map(({ id, impact }) => `${impact} ${id}`);
        });
        expect(found.filter((one) => /^(?:serious|critical)/u.test(one))).toEqual([]);
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(wide).toBeLessThanOrEqual(0);
      }
      await page.setViewportSize({ width: 1280, height: 860 });
      const list = page.getByRole('list', { name: 'Rejected events' });
      await page.getByRole('button', { name: 'page.viewed: value-misfit 1' }).click();
      await list.locator('.failure-row').nth(1).waitFor({ state: 'detached' });
      await list.locator('.failure-row').click();
      await page.getByRole('dialog').getByText('does not fit column').waitFor();
      await page.screenshot({ path: join(SCREENS, 'reject.png') });
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
      await runMillrace(['query', 'ALTER TABLE public.views ALTER COLUMN url TYPE VARCHAR(40)'], served);
      await page.getByRole('button', { name: 'Redrive these events' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.locator('input[name=why]').fill('a wider column');
      await dialog.locator('input[name=by]').fill('ada');
      await dialog.getByRole('button', { name: 'Redrive these events' }).click();
      await page.getByText('1 event was transformed again').waitFor();
      await page.getByRole('button', { name: 'All 1', exact: true }).waitFor();
      expect(await page.evaluate(() => (globalThis as { hit?: number }).hit)).toBeUndefined();
    } finally {
      await browser.close();
    }
    const sql = 'SELECT COUNT(*) AS n FROM public.views';
    await until(
      async () => ((await readMillrace<{ n: number }[]>(['query', sql], served))[0]?.n ?? 0) === 2,
      {
        what: () => 'two rows',
      },
    );
    const { entries } = (await (await asOperator(served, '/api/activity')).json()) as ActivityPage;
    expect(entries[0]).toMatchObject({
      ...{ action: 'redrive', by: 'ada', why: 'a wider column', outcome: 'done' },
      text: 'events of type page.viewed rejected as value-misfit: 1 redriven',
    });
  }, 300_000);

  it('are redriven by programs too, who say why; a cursor that is none is refused', async () => {
    const unsaid = await asOperator(served, '/api/actions/redrive-rejects', { ids: ['other'] });
    expect([unsaid.status, await unsaid.text()]).toEqual([400, expect.stringContaining('why')]);
    const body = { ids: ['other'], why: 'to see' };
    const done = await asOperator(served, '/api/actions/redrive-rejects', body);
    expect([done.status, await done.json()]).toEqual([200, { redriven: 0, rejected: 1 }]);
    expect((await asOperator(served, '/api/rejects?cursor=..')).status).toBe(400);
    expect((await asOperator(served, '/api/rejects?limit=501')).status).toBe(400);
    const { entries, next } = await rejects('?limit=1');
    expect([entries.length, next]).toEqual([1, null]);
  });
});
