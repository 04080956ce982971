import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { queueDocument } from './seed-documents.ts';
import { Stage, told } from './stage.ts';

const QUEUE = 'logs_queue';
const DOCUMENTS = {
  [QUEUE]: queueDocument({ table: 'public.logs', merges: false, copy: "FORMAT AS JSON 'auto'" }),
};
const TABLES = 'CREATE TABLE public.logs (id int, line varchar(50))';
const LOGGED = 'files-quarantined/public.logs';
const line = (id: unknown): string => JSON.stringify({ id, line: 'x' });

interface Hook {
  readonly url: string;
  readonly told: Record<string, unknown>[];
  status: number;
}

async function hook(): Promise<Hook> {
  const received: Hook = { url: '', told: [], status: 202 };
  const server = createServer(async (request, response) => {
    if (received.status < 300) received.told.push(JSON.parse(await text(request)));
    response.writeHead(received.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(received, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
}

/** A stage whose sweeper tells PagerDuty, which is at `url`. */
function stageWith(url: string, tables = TABLES): Promise<Stage> {
  const alerts = [{ kind: 'pagerduty', routingKey: { env: 'PAGERDUTY_KEY' }, url, timeout: '500ms' }];
  return Stage.open({
    tables,
    documents: DOCUMENTS,
    maxAttempts: 1,
    env: { MILLRACE_ALERTS: JSON.stringify(alerts), PAGERDUTY_KEY: 'k'.repeat(32) },
  });
}

describe('the sweeper', () => {
  it('tells of quarantined files once, whichever container it runs in, and of their end', async () => {
    const pager = await hook();
    const stage = await stageWith(pager.url);
    const container = stage.container();
    await container.microbatchLoader(told(QUEUE, [await stage.put('a', line('no number'))]));
    await stage.drain(container);
    for (let minute = 0; minute < 7; minute += 1) {
      await stage.container().sweeper();
      stage.skip(61_000);
    }
    expect(pager.told.map(({ event_action }) => event_action)).toEqual(['trigger']);
    expect(pager.told[0]).toMatchObject({
      routing_key: 'k'.repeat(32),
      dedup_key: `millrace/analytics/dev/${LOGGED}`,
      payload: { severity: 'warning', class: 'files-quarantined', component: 'public.logs' },
    });
    expect(JSON.stringify(stage.log.lines)).not.toContain('kkkkkkkk');
    const { site } = await container.composition.catalog.ofQueue(QUEUE);
    const [file] = await site.loader.tracker.troubledFiles();
    if (file) await site.loader.tracker.markLoaded('public.logs', [file.file]);
    for (let nth = 0; nth < 6; nth += 1) {
      stage.skip(61_000);
      await stage.container().sweeper();
    }
    expect(pager.told.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
    expect(pager.told[1]?.dedup_key).toBe(pager.told[0]?.dedup_key);
  });

  it('loads whatever becomes of the receiver, logs that it was not told, and tells it later', async () => {
    const pager = await hook();
    pager.status = 500;
    const stage = await stageWith(pager.url, '');
    const container = stage.container();
    await container.microbatchLoader(told(QUEUE, [await stage.put('a', line(1))]));
    stage.skip(61_000);
    expect(await container.sweeper()).toMatchObject({ swept: 1, broken: 0 });
    expect(stage.log.of('error').map(({ message }) => message)).toContain('an alert was not delivered');
    pager.status = 202;
    stage.skip(61_000);
    await stage.container().sweeper();
    expect(pager.told).toMatchObject([
      { event_action: 'trigger', payload: { severity: 'error', class: 'lane-held' } },
    ]);
    const session = stage.engine.session();
    await session.execute(TABLES);
    await session.close();
    await stage.drain(container);
    for (let nth = 0; nth < 6; nth += 1) {
      stage.skip(61_000);
      await container.sweeper();
    }
    expect(await stage.rows('SELECT id FROM public.logs')).toEqual([[1]]);
    expect(pager.told.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
  });
});
