import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readyPage } from '@millrace/dashboard';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOperator, dropFile, type Served, serveDashboard } from './dashboard-project.ts';
import { openBrowser, SCREENS } from './open-browser.ts';
import { cleanUp, readMillrace } from './run-millrace.ts';

/** Text that would do something if anything on the way took it for more than text. */
const XSS = `<img src=x onerror="window.hit=1">`;
const XSS_NAME = `<img src=x onerror=window.hit=1>.csv`;

let served: Served;
let browser: Browser;
let page: Page;
/** What the browser refused or could not run: nothing of it may ever happen. */
const complaints: string[] = [];

beforeAll(async () => {
  [served, browser] = await Promise.all([serveDashboard(), openBrowser()]);
  page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(15_000);
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (line) => {
    if (line.type() === 'error') complaints.push(line.text());
  });
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await cleanUp();
});

const show = async (hash: string): Promise<void> => {
  await page.goto(`${served.base}/${hash}`);
};

/** Fills in the dialog that asks who and why, and agrees. */
async function sign(why: string, button: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[name=why]').fill(why);
  await dialog.locator('input[name=by]').fill('ada');
  await dialog.getByRole('button', { name: button, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
}

describe('the dashboard, in a browser', { timeout: 60_000 }, () => {
  it('asks for a link, and takes the one that was printed', async () => {
    await page.goto(served.base);
    await page.getByRole('heading', { name: 'Log in to Millrace' }).waitFor();
    complaints.splice(0);
    await page.goto(`${served.base}/?token=${served.token}`);
    await page.getByRole('link', { name: /public\.flights/u }).waitFor();
    expect(page.url()).not.toContain('token');
  });

  it('shows a corrupt file, takes it up again after it was mended, and shows that it is loaded', async () => {
    await dropFile(served, 'good.csv', 'flight,delay\nMR1,10\nMR2,20\n');
    const url = await dropFile(
      served,
      XSS_NAME,
      `flight,delay\nMR3,30\nMR4,"${XSS.replaceAll('"', '""')}"\n`,
    );
    const quarantine = page.getByRole('navigation').getByRole('link', { name: /Quarantine/u });
    await quarantine.getByText('1', { exact: true }).waitFor();
    await quarantine.click();
    await page.locator('.failure-row').click();
    const sheet = page.getByRole('dialog');
    await expect(sheet.locator('.evidence-url').textContent()).resolves.toContain(url);
    await expect(sheet.locator('.evidence-place').textContent()).resolves.toMatch(/Line3.*Columndelay/u);
    await expect(sheet.locator('mark').textContent()).resolves.toBe(XSS);
    await page.screenshot({ path: join(SCREENS, 'evidence.png') });

    // Paused, so that the mended file waits for what is done here and is not taken by itself.
    await page.keyboard.press('Escape');
    await show('#/target/public.flights');
    await page.getByRole('button', { name: 'Pause' }).click();
    await sign('a corrupt file', 'Pause');
    await page.getByText('Paused by ada: a corrupt file').waitFor();
    await dropFile(served, XSS_NAME, 'flight,delay\nMR3,30\nMR4,40\n');
    await show('#/quarantine');
    await page.locator('.failure-row').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Redrive' }).click();
    await sign('corrected the delay', 'Redrive this file');
    await page.getByText('1 file waits again').waitFor();
    await page.getByText('No file here').waitFor();
    await show('#/target/public.flights');
    await page.getByRole('button', { name: 'Resume' }).click();
    await sign('it is mended', 'Resume');
    const rows = page.locator('.facts > div', { hasText: 'Rows loaded' }).locator('dd');
    await rows.getByText('4', { exact: true }).waitFor();
    const loaded = await readMillrace(
      ['query', 'SELECT SUM(delay) AS s, COUNT(*) AS n FROM flights'],
      served,
    );
    expect(loaded).toEqual([{ s: 100, n: 4 }]);

    await show('#/activity');
    await page.getByText('“corrected the delay”').waitFor();
    const acts = await page.locator('.activity-entry').allTextContents();
    expect(acts).toHaveLength(3);
    expect(acts.every((text) => text.includes('ada') && text.includes('Done'))).toBe(true);
  });

  it('tells the story of a file, with its SQL', async () => {
    await show(`#/trace/${encodeURIComponent('s3://lake/flights/good.csv')}`);
    await page.locator('.trace-summary', { hasText: /loaded/iu }).waitFor();
    await page.locator('summary', { hasText: 'SQL of job' }).click();
    await expect(page.locator('.sql').textContent()).resolves.toMatch(/COPY/u);
  });

  it('can be used by the keyboard alone', async () => {
    await show('#/target/public.flights');
    await page
      .getByRole('button', { name: /show the load/u })
      .first()
      .focus();
    await page.keyboard.press('Enter');
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('heading', { name: 'SQL' }).waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
    await expect(page.evaluate('document.activeElement?.tagName')).resolves.toBe('BUTTON');
  });

  it('takes a stored value for text and nothing else, wherever it is shown', async () => {
    await dropFile(served, `again ${XSS_NAME}`, `flight,delay\nMR5,"${XSS.replaceAll('"', '""')}"\n`);
    await show('#/quarantine');
    await page.locator('.failure-row').first().waitFor();
    const why = `because ${XSS}`;
    await asOperator(served, '/api/actions/pause', { target: null, by: XSS, why });
    for (const hash of [
      '#/',
      '#/activity',
      `#/trace/${encodeURIComponent(`s3://lake/flights/again ${XSS_NAME}`)}`,
      `#/target/${encodeURIComponent(XSS)}`,
    ]) {
      await show(hash);
      await page.getByText('onerror', { exact: false }).first().waitFor();
    }
    expect(await page.evaluate(() => (globalThis as { hit?: number }).hit)).toBeUndefined();
    await asOperator(served, '/api/actions/resume', { target: null, by: 'ada', why: 'seen' });
  });

  it('says that the warehouse is paused, why, and what waits', async () => {
    await asOperator(served, '/api/actions/pause', { target: null, by: 'ada', why: 'a resize' });
    await show('#/');
    await page.locator('.banner', { hasText: 'The warehouse is paused' }).waitFor();
    await dropFile(served, 'later.csv', 'flight,delay\nMR9,1\n');
    await page
      .locator('.banner', { hasText: /paused by ada: a resize.*1 file for 1 target wait/iu })
      .waitFor();
    await page.screenshot({ path: join(SCREENS, 'banner.png') });
    await page.locator('.banner').getByRole('button', { name: 'Resume' }).click();
    await sign('the resize is over', 'Resume the warehouse');
    await page.locator('.banner').waitFor({ state: 'detached' });
  });

  it('is legible and usable for everybody: axe finds nothing serious on any page, light and dark', async () => {
    const pages = {
      overview: '#/',
      target: '#/target/public.flights',
      quarantine: '#/quarantine',
      streams: '#/streams',
      trace: `#/trace/${encodeURIComponent('s3://lake/flights/good.csv')}`,
      activity: '#/activity',
      missing: '#/target/public.none',
    };
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const [name, hash] of Object.entries(pages)) {
        await show(hash);
        await page.locator('main h1, main h2').first().waitFor();
        await page.locator('.loading').waitFor({ state: 'detached' });
        await page.screenshot({ path: join(SCREENS, `${name}-${colorScheme}.png`) });
        expect(await seriousOf(page), `${name}, ${colorScheme}`).toEqual([]);
      }
      await page.setViewportSize({ width: 390, height: 844 });
      await show('#/');
      await page.screenshot({ path: join(SCREENS, `phone-${colorScheme}.png`) });
      expect(await seriousOf(page), `phone, ${colorScheme}`).toEqual([]);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect(wide).toBeLessThanOrEqual(0);
      await page.setViewportSize({ width: 1280, height: 860 });
    }
  });

  it('tells when the server is gone, and asks who comes without a session for a link', async () => {
    await show('#/');
    await page.locator('.connection[data-state=live]').waitFor();
    const stranger = await browser.newContext();
    const other = await stranger.newPage();
    await other.goto(served.base);
    await other.getByRole('heading', { name: 'Log in to Millrace' }).waitFor();
    await stranger.close();
    served.up.process.kill('SIGTERM');
    const beganAt = Date.now();
    expect((await served.up.ended).code).toBe(0);
    // A page that listens does not hold the process.
    expect(Date.now() - beganAt).toBeLessThan(5_000);
    await page.locator('.connection[data-state=lost]').waitFor();
  });

  it('ran without a complaint of the browser', () => {
    // The session is looked for before there is one, and the server after it is gone.
    const expected = /401|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED/u;
    expect(complaints.filter((text) => !expected.test(text))).toEqual([]);
  });
});

describe('the built page', () => {
  it('is small: at most 150 KB of script, compressed', async () => {
    const assets = join(await readyPage(), 'assets');
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
    expect(scripts.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(150_000);
  });
});

async function seriousOf(shown: Page): Promise<string[]> {
  await shown.evaluate(axe.source);
  const found = await shown.evaluate(async () => {
    const { axe: tool } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations } = await tool.run();
    return violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes[0]?.html ?? '' }));
  });
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, at }) => `${id}: ${at}`);
}
