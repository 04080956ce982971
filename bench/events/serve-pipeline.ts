import { join } from 'node:path';
import { type Loader, parseConfig } from '@millrace/core';
import { Millrace, openEventStream } from '@millrace/runtime';
import { startServer } from '@millrace/server';
import { writeMigration } from '../migration.ts';

/*
 * Producer, consumer and loader in one process, as `millrace up --http-port` has them. `serve-pipeline.ts DIRECTORY FRESHNESS`
 * prints its port; for each line of stdin it prints how many rows there are of each tenth of a second in which they were sent.
 */

const [directory = '', freshness = ''] = process.argv.slice(2);
const config = parseConfig(
  {
    objects: { kind: 'directory', path: join(directory, 'objects') },
    targets: { 'public.views': { key: 'id', freshness } },
    events: {
      'page.viewed': [
        {
          fact: 'public.views',
          columns: { id: '$.id', sent_at: '$.data.sentAt', url: '$.data.url', text: '$.data.text' },
        },
      ],
    },
  },
  { source: 'the benchmark' },
);
const { events } = config;
if (events === null) throw new Error('the benchmark has events');
const onError = (where: string, error: unknown): void => {
  process.stderr.write(`${where}: ${error instanceof Error ? error.message : String(error)}\n`);
};
const { stream } = await openEventStream(events, { directory, onError });
writeMigration(
  directory,
  'CREATE TABLE public.views (id VARCHAR(40) NOT NULL, sent_at BIGINT NOT NULL, url VARCHAR(200), text VARCHAR(600));',
);
const known: { loader?: Loader } = {};
const millrace = await Millrace.open(config, {
  directory,
  stream,
  onError,
  instrument: (loader) => {
    known.loader = loader;
    return loader;
  },
});
const { loader } = known;
if (loader === undefined) throw new Error('no loader was opened');
await millrace.start();
const server = await startServer({ stream });
process.stdout.write(`${server.port}\n`);
process.stdin.on('data', async () => {
  const rows = await loader.warehouse.transact([
    'SELECT sent_at / 100 AS tenth, COUNT(*) AS n FROM public.views GROUP BY 1',
  ]);
  process.stdout.write(`${JSON.stringify(rows.map(({ tenth, n }) => [Number(tenth), Number(n)]))}\n`);
});
process.on('SIGTERM', () => process.exit(0));
