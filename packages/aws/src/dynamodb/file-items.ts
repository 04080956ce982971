import type {
  EpochMs,
  Evidence,
  FileCounts,
  LoadFile,
  ObjectRef,
  TrackedFile,
  UnfinishedFiles,
} from '@millrace/core';
import { asideItem, evidenceText, FileKeys, idOf, toTrackedFile, waitingItem } from './file-item.ts';
import { loadedItems, recentlyLoaded } from './loaded-ids.ts';
import { readLine } from './read-line.ts';
import { ASIDE, type Item, number, SORT_KEY, text, WAITING } from './table-layout.ts';
import type { BatchWrite, TrackerTable } from './tracker-table.ts';

/** A line is read again after duplicates were dropped from its head; each time there are fewer. */
const MAX_READS = 5;
/** The same failure is noted again after this: an outage that fails a lane every few seconds costs a write per minute. */
const NOTE_AGAIN_MS = 60_000;

/**
 * The load files of one target.
 *
 * A file waits when its `waiting` item is there, else it is what its `aside` item says, else it is not known: loaded,
 * or never heard of.
 */
export class FileItems {
  readonly #table: TrackerTable;
  readonly #target: string;
  readonly #keys: FileKeys;
  readonly #now: () => EpochMs;

  constructor(table: TrackerTable, at: { database: string; target: string; now: () => EpochMs }) {
    this.#table = table;
    this.#target = at.target;
    this.#keys = new FileKeys(at.database, at.target);
    this.#now = at.now;
  }

  /** @returns the ids that were new, in the order given. */
  async add(files: readonly LoadFile[]): Promise<readonly string[]> {
    const byId = new Map<string, LoadFile>();
    for (const file of files) if (!byId.has(file.id)) byId.set(file.id, file);
    const aside = await this.#asideItems([...byId.keys()]);
    const unknown = [...byId.values()].filter(({ id }) => !aside.has(id));
    const put = await this.#table.putNew(unknown.map((file) => waitingItem(this.#keys, file)));
    return unknown.map(({ id }) => id).filter((id) => put.has(`${WAITING}${id}`));
  }

  /** The oldest; those that a late notification brought back after they were loaded end here and are not among them. */
  async inLine(limit: number): Promise<readonly TrackedFile[]> {
    if (limit <= 0) return [];
    for (let read = 1; ; read += 1) {
      const line = await readLine(this.#table, {
        target: this.#target,
        partition: this.#keys.partition,
        limit,
      });
      if (line.length === 0) return line;
      const loaded = await recentlyLoaded(this.#table, this.#keys.partition);
      const late = line.filter(({ file }) => loaded.has(file.id));
      if (late.length === 0) return line;
      await this.#table.writeAll(late.map(({ file }) => ({ delete: this.#keys.waiting(file.id) })));
      if (read >= MAX_READS) return line.filter(({ file }) => !loaded.has(file.id));
    }
  }

  async byId(ids: readonly string[]): Promise<readonly TrackedFile[]> {
    const unique = [...new Set(ids)];
    const waiting = await this.#waitingItems(unique);
    const aside = await this.#asideItems(unique.filter((id) => !waiting.has(id)));
    const items = unique.map((id) => waiting.get(id) ?? aside.get(id)).filter((item) => item !== undefined);
    return items.map((item) => toTrackedFile(this.#target, item));
  }

  /** Waiting with evidence, and all that was put aside, in no order. Reads the whole line: for people, not for verbs. */
  async troubled(): Promise<TrackedFile[]> {
    const waiting = await this.#all(WAITING, { FilterExpression: 'attribute_exists(x)' });
    const aside = await this.#all(ASIDE);
    const both = await this.#waitingItems(aside.map(idOf));
    const items = [...waiting, ...aside.filter((item) => !both.has(idOf(item)))];
    return items.map((item) => toTrackedFile(this.#target, item));
  }

  /** The line, then what was put aside. */
  async unfinished({ from, limit }: { from: string | null; limit: number }): Promise<UnfinishedFiles> {
    const isAside = from?.startsWith(ASIDE) ?? false;
    const prefix = isAside ? ASIDE : WAITING;
    const query = { partition: this.#keys.partition, prefix, options: { Limit: limit } };
    // The bare prefix sorts before every key that has it.
    const { items, next } = await this.#table.pageFrom(query, from === ASIDE ? null : from);
    const waiting = isAside ? await this.#waitingItems(items.map(idOf)) : new Map<string, Item>();
    const files = items
      .filter((item) => !waiting.has(idOf(item)))
      .map((item) => toTrackedFile(this.#target, item))
      .filter(({ status }) => status !== 'superseded');
    return { files, next: next ?? (isAside ? null : ASIDE) };
  }

  /** Only what is there is deleted: listing a bucket of loaded files must not cost a write each. */
  async end(files: readonly LoadFile[]): Promise<void> {
    const ids = [...new Set(files.map(({ id }) => id))];
    const waiting = await this.#waitingItems(ids);
    const aside = await this.#asideItems(ids);
    await this.#endItems({ waiting: [...waiting.keys()], aside: [...aside.keys()] });
  }

  /** Files that were waiting when nothing of the lane had ever been put aside: where they are is known without a look. */
  async endWaiting(files: readonly LoadFile[]): Promise<void> {
    await this.#endItems({ waiting: [...new Set(files.map(({ id }) => id))], aside: [] });
  }

  async #endItems({
    waiting,
    aside,
  }: {
    waiting: readonly string[];
    aside: readonly string[];
  }): Promise<void> {
    const ids = [...new Set([...waiting, ...aside])];
    // The list first: from the instant at which an item goes, a late notification would make a new one.
    const { partition } = this.#keys;
    for (const item of loadedItems(partition, ids, this.#now())) await this.#table.put(item);
    await this.#table.writeAll([
      ...waiting.map((id) => ({ delete: this.#keys.waiting(id) })),
      ...aside.map((id) => ({ delete: this.#keys.aside(id) })),
    ]);
  }

  /** What is known of a file stays, its arrival above all. What was loaded lately is not put aside. */
  async putAside(
    files: readonly { file: LoadFile; status: 'superseded' | 'quarantined'; evidence: Evidence }[],
  ): Promise<void> {
    if (files.length === 0) return;
    const loaded = await recentlyLoaded(this.#table, this.#keys.partition);
    const byId = new Map(files.map((aside) => [aside.file.id, aside]));
    for (const id of byId.keys()) if (loaded.has(id)) byId.delete(id);
    const known = new Map((await this.byId([...byId.keys()])).map((tracked) => [tracked.file.id, tracked]));
    const puts: BatchWrite[] = [...byId.values()].map((aside) => {
      const file = known.get(aside.file.id)?.file ?? aside.file;
      return { put: asideItem(this.#keys, { ...aside, file }) };
    });
    const waiting = [...known.values()].filter(({ status }) => status === 'waiting');
    await this.#table.writeAll(puts);
    await this.#table.writeAll(waiting.map(({ file }) => ({ delete: this.#keys.waiting(file.id) })));
  }

  /** The same failure within a minute is not written again. */
  async noteFailure(ids: readonly string[], evidence: Evidence): Promise<void> {
    const waiting = await this.#waitingItems([...new Set(ids)]);
    const changed = [...waiting].filter(([, item]) => !isSameFailure(item, evidence)).map(([id]) => id);
    await this.#table.updateEach(
      changed.map((id) => this.#keys.waiting(id)),
      {
        UpdateExpression: 'SET x = :evidence',
        // A file that was loaded or put aside meanwhile must not come back as an item of evidence alone.
        ConditionExpression: 'attribute_exists(k)',
        ExpressionAttributeValues: { ':evidence': { S: evidenceText(evidence) } },
      },
    );
  }

  /** Of what was put aside the first megabyte is looked at, some thousand files: this is asked after every job. */
  async quarantinedVersions(files: readonly LoadFile[]): Promise<readonly TrackedFile[]> {
    const places = new Set(files.map(({ keyId }) => keyId));
    const aside = await this.#table.firstPage({ partition: this.#keys.partition, prefix: ASIDE });
    const found = aside
      .map((item) => toTrackedFile(this.#target, item))
      .filter(({ file, status }) => status === 'quarantined' && places.has(file.keyId));
    if (found.length === 0) return [];
    const waiting = await this.#waitingItems(found.map(({ file }) => file.id));
    return found.filter(({ file }) => !waiting.has(file.id));
  }

  /** All versions of a key. Reads the line and what was put aside: for people, not for verbs. */
  async versionsAt({ bucket, key }: ObjectRef): Promise<readonly TrackedFile[]> {
    const options = {
      FilterExpression: 'b = :bucket AND k = :key',
      ExpressionAttributeValues: { ':bucket': { S: bucket }, ':key': { S: key } },
    };
    const waiting = await this.#all(WAITING, options);
    const aside = await this.#all(ASIDE, options);
    const both = new Set(waiting.map(idOf));
    const items = [...waiting, ...aside.filter((item) => !both.has(idOf(item)))];
    return items.map((item) => toTrackedFile(this.#target, item));
  }

  /** @returns how many wait again by this call: of several callers each file counts for one. */
  async redrive(ids: readonly string[], now: EpochMs): Promise<number> {
    const aside = [...(await this.#asideItems([...new Set(ids)])).values()]
      .map((item) => toTrackedFile(this.#target, item))
      .filter(({ status }) => status === 'quarantined');
    const items = aside.map(({ file, evidence }) =>
      waitingItem(this.#keys, { ...file, arrivedAt: now }, evidence),
    );
    const put = await this.#table.putNew(items);
    await this.#table.writeAll(aside.map(({ file }) => ({ delete: this.#keys.aside(file.id) })));
    return put.size;
  }

  /** Reads the keys, arrivals and statuses of all files that are not loaded: a request per few thousand of them. */
  async counts(): Promise<FileCounts & { oldestWaitingAt: EpochMs | null }> {
    const names = { ExpressionAttributeNames: { '#key': SORT_KEY } };
    const waiting = await this.#all(WAITING, { ProjectionExpression: '#key, a', ...names });
    const ids = new Set(waiting.map(idOf));
    const aside = (await this.#all(ASIDE, { ProjectionExpression: '#key, q', ...names }))
      .filter((item) => !ids.has(idOf(item)))
      .map((item) => text(item, 'q'));
    const oldest = waiting.reduce((at, item) => Math.min(at, number(item, 'a')), Number.POSITIVE_INFINITY);
    return {
      waiting: waiting.length,
      superseded: aside.filter((status) => status === 'superseded').length,
      quarantined: aside.filter((status) => status === 'quarantined').length,
      oldestWaitingAt: waiting.length === 0 ? null : oldest,
    };
  }

  async #all(prefix: string, options: Parameters<TrackerTable['pages']>[0]['options'] = {}): Promise<Item[]> {
    const items: Item[] = [];
    const { partition } = this.#keys;
    for await (const page of this.#table.pages({ partition, prefix, options })) items.push(...page);
    return items;
  }

  async #waitingItems(ids: readonly string[]): Promise<Map<string, Item>> {
    return byIdOf(await this.#table.getAll(ids.map((id) => this.#keys.waiting(id))));
  }

  /** Mostly nothing is put aside: one look at that spares a read per file. */
  async #asideItems(ids: readonly string[]): Promise<Map<string, Item>> {
    if (ids.length === 0) return new Map();
    const { partition } = this.#keys;
    const any = await this.#table.firstPage({ partition, prefix: ASIDE, options: { Limit: 1 } });
    if (any.length === 0) return new Map();
    return byIdOf(await this.#table.getAll(ids.map((id) => this.#keys.aside(id))));
  }
}

function byIdOf(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [idOf(item), item]));
}

function isSameFailure(item: Item, { code, reason, at }: Evidence): boolean {
  if (item.x === undefined) return false;
  const noted = JSON.parse(text(item, 'x')) as Evidence;
  const wanted = JSON.parse(evidenceText({ code, reason, at })) as Evidence;
  return noted.code === code && noted.reason === wanted.reason && Math.abs(at - noted.at) < NOTE_AGAIN_MS;
}
