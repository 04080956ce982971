import { MemoryObjectStore } from '@millrace/testkit';
import { RedshiftLocal } from '../src/engine.ts';

// Fills a table that has a lookup index, in transactions of their own, and waits to be killed. Argument: the file.
const [path = ''] = process.argv.slice(2);
const engine = await RedshiftLocal.open({ path, objects: new MemoryObjectStore() });
await engine.runBatch(['CREATE TABLE public.receipts (key_id VARCHAR(32) NOT NULL)']);
await engine.createLookupIndex('public.receipts', 'key_id');
for (const key of ['a', 'b', 'c']) await engine.runBatch([`INSERT INTO public.receipts VALUES ('${key}')`]);
process.stdout.write('ready\n');
setInterval(() => {}, 1_000);
