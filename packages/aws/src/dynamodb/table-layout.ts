import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { LoadError } from '@millrace/core';

/**
 * How the tracker lies in its DynamoDB table.
 *
 * | what | `db_table` (HASH) | `status_timestamp` (RANGE) | other attributes |
 * |---|---|---|---|
 * | lane | `<database>/lanes` | `<schema.table>` | the fields of `Lane` by their names |
 * | gate | `<database>/lanes` | `gate` | the fields of `Gate` by their names |
 * | waiting file | `<database>/<schema.table>` | `waiting#<file id>` | b, k, e, s, a, w, v, o, x |
 * | file put aside | `<database>/<schema.table>` | `aside#<file id>` | the same, and q |
 * | what was loaded lately | `<database>/<schema.table>` | `loaded#<instant>#<file id>` | ids, expires_at |
 * | job | `<database>/<schema.table>` | `job#<instant>#<job id>` | the fields of `JobRecord`, expires_at |
 * | seal | `<database>/seals/<stream>` | `seal#<shard>` | position, ended, version, by, `lot#<version>` … |
 * | chunks of a large flush | `<database>/seals/<stream>` | `lot#<shard>#<attempt>#<number>` | chunks |
 *
 * `b` bucket · `k` key · `e` ETag · `s` size · `a` arrivedAt · `w` writtenAt · `v` versionId · `o` copyOptions · `x`
 * evidence (JSON) · `q` status of a file put aside · `ids` file ids, 16 bytes each · `expires_at` epoch seconds, for
 * DynamoDB's TTL (nothing is decided by it: without TTL these items stay).
 *
 * **Lanes share one partition, with the gate before them**, so that one Query lists them: the budget is counted twice per job. A partition takes
 * 1,000 writes a second, and a lane of at most 1 KB has about five per job and one per intake: more jobs a second than
 * any warehouse runs. Lanes in partitions of their own would cost a registry and a BatchGetItem per hundred of them.
 *
 * **A waiting file and one put aside are two items**, so that the line, which is read before every job, is not longer
 * for what was put aside in a year. Without transactions there is an instant at which both are there: then the file
 * waits. Put aside: `aside` first, then `waiting` goes; redriven: `waiting` first, then `aside` goes.
 *
 * **Loaded files leave no item.** What a lane loaded lately is kept as a list of ids, so that a notification that comes
 * late is dropped before it makes a job, at a fiftieth of a write per file. Receipts know the rest.
 *
 * **A shard's seal is one item**: its checkpoint, and what of the flushes behind it is not announced, an attribute per
 * flush (`lot#…`: a JSON text of chunks). An item holds 400 KB and a flush may make a thousand chunks: a flush above 4 KB
 * is written apart first, 16 chunks to an item, and its attribute in the seal names it (`by`). It is the seal alone that
 * registers it: items of an attempt that died before stay, and mean nothing. The seals of a stream share a partition, so
 * that one Query finds those with something to announce.
 */
export const PARTITION_KEY = 'db_table';
export const SORT_KEY = 'status_timestamp';
export const EXPIRY = 'expires_at';

export const WAITING = 'waiting#';
export const ASIDE = 'aside#';
export const LOADED = 'loaded#';
export const JOB = 'job#';
export const SEAL = 'seal#';
export const LOT = 'lot#';
/** Among the lanes. No target is called so: their names have two parts. */
export const GATE = 'gate';

export type Item = Record<string, AttributeValue>;
export type ItemKey = Record<typeof PARTITION_KEY | typeof SORT_KEY, AttributeValue.SMember>;

/** @throws LoadError `tracker-database` when the name would make two partitions one. */
export function checkDatabase(database: string): void {
  if (database !== '' && !database.includes('/')) return;
  throw new LoadError('tracker-database', `'${database}' cannot name lanes in the tracker's table`, {
    class: 'config',
    hint: "give the tracker a database name that is not empty and has no '/'",
  });
}

export function lanesPartition(database: string): string {
  return `${database}/lanes`;
}

export function sealsPartition(database: string, stream: string): string {
  return `${database}/seals/${stream}`;
}

export function gateKey(database: string): ItemKey {
  return keyOf(lanesPartition(database), GATE);
}

export function partitionOf(database: string, target: string): string {
  return `${database}/${target}`;
}

export function keyOf(partition: string, sortKey: string): ItemKey {
  return { [PARTITION_KEY]: { S: partition }, [SORT_KEY]: { S: sortKey } } as ItemKey;
}

export function sortKeyOf(item: Item): string {
  return text(item, SORT_KEY);
}

/** Instants in sort keys: as many digits for all until the year 2286, so that their order is that of the text. */
export function instantKey(at: number): string {
  return String(at).padStart(13, '0');
}

export function text(item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw foreign(item, name, 'a text');
  return value;
}

export function number(item: Item, name: string): number {
  const value = Number(item[name]?.N);
  if (Number.isNaN(value)) throw foreign(item, name, 'a number');
  return value;
}

function foreign(item: Item, name: string, wanted: string): LoadError {
  const at = `${item[PARTITION_KEY]?.S} ${item[SORT_KEY]?.S}`;
  return new LoadError('tracker-foreign', `item '${at}' has no ${wanted} in '${name}'`, {
    class: 'config',
    hint: 'give Millrace a DynamoDB table of its own',
  });
}
