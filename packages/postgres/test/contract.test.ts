import { warehouseContract } from '@millrace/testkit';
import { Client } from 'pg';
import { openTestWarehouse } from './open-test-warehouse.ts';

warehouseContract('PostgresWarehouse', async () => {
  const { warehouse, objects, close } = await openTestWarehouse();
  return { port: warehouse, objects, invalidNumber: 'invalid input syntax for type integer', close };
});

/** What people set for their databases; none of it may change what a load does. */
const HABITS = [
  "default_transaction_isolation = 'serializable'",
  "DateStyle = 'SQL, DMY'",
  "TimeZone = 'Asia/Tokyo'",
  'standard_conforming_strings = off',
  'backslash_quote = off',
  'synchronous_commit = off',
  "client_encoding = 'LATIN1'",
];

warehouseContract('PostgresWarehouse on a database with other habits', async () => {
  const { warehouse, objects, url, close } = await openTestWarehouse();
  const client = new Client({ connectionString: url });
  await client.connect();
  const name = new URL(url).pathname.slice(1);
  for (const habit of HABITS) {
    // A server that cannot be told so (18 keeps standard strings, later ones may keep more) has not the habit.
    await client.query(`ALTER DATABASE ${name} SET ${habit}`).catch(() => undefined);
  }
  await client.end();
  return { port: warehouse, objects, invalidNumber: 'invalid input syntax for type integer', close };
});
