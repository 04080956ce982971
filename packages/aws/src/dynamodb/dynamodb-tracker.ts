import { isDeepStrictEqual } from 'node:util';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type EpochMs,
  type Evidence,
  type EvidencePlace,
  type FileCounts,
  freshGate,
  freshLane,
  type Gate,
  type JobRecord,
  type Lane,
  type LoadFile,
  type ObjectRef,
  orderTroubled,
  type TrackedFile,
  type Tracker,
  type UnfinishedFiles,
} from '@millrace/core';
import { FileItems } from './file-items.ts';
import { gateAttributes, toGate } from './gate-item.ts';
import { inParallel } from './in-parallel.ts';
import { jobItem, toJob } from './job-item.ts';
import { laneAttributes, toLane } from './lane-item.ts';
import { forgetLoaded } from './loaded-ids.ts';
import {
  checkDatabase,
  GATE,
  gateKey,
  type Item,
  type ItemKey,
  JOB,
  keyOf,
  lanesPartition,
  partitionOf,
  sortKeyOf,
} from './table-layout.ts';
import { TrackerTable } from './tracker-table.ts';

export interface DynamoDbTrackerOptions {
  /** The table's name. Keys: `db_table` (HASH) and `status_timestamp` (RANGE), strings. */
  readonly table: string;
  /** Tells the lanes of one warehouse from those of others in the same table. */
  readonly database: string;
  readonly now?: () => EpochMs;
}

/** How many troubled files a page has when the caller does not say. */
const DEFAULT_PAGE = 100;

/** Lanes whose files are asked at once, where a question is about all of them. */
const CONCURRENT_LANES = 8;

/** The conditions of a transition. A lane that is not there yet has version 0 and no arrivals. */
const SAME_VERSION = '#version = :version';
const FIRST_VERSION = `(attribute_not_exists(#version) OR ${SAME_VERSION})`;
const SAME_ARRIVALS = '#arrivals = :arrivals';
const NO_ARRIVALS = `(attribute_not_exists(#arrivals) OR ${SAME_ARRIVALS})`;

/**
 * The tracker in a DynamoDB table; `table-layout.ts` says where everything is, and why.
 *
 * A lane's transition is one conditional update of one item; every decision rests on consistent reads of the table
 * itself. It forgets loaded files, but for those of a lane's latest jobs: a notification that comes late is dropped
 * when the line is read, or, later still, refused by the guard. Per file of a batch of 100: about 2.1 write units.
 *
 * Every method throws LoadError: `tracker-missing`, `tracker-denied` (config), `tracker-throttled`,
 * `tracker-unavailable` (transient) …
 */
export class DynamoDbTracker implements Tracker {
  readonly #table: TrackerTable;
  readonly #database: string;
  readonly #now: () => EpochMs;

  /** @throws LoadError `tracker-database` */
  constructor(client: DynamoDBClient, { table, database, now = Date.now }: DynamoDbTrackerOptions) {
    checkDatabase(database);
    this.#table = new TrackerTable(client, table);
    this.#database = database;
    this.#now = now;
  }

  async lane(target: string): Promise<Lane> {
    const item = await this.#table.get(this.#laneKey(target));
    return item ? toLane(item) : freshLane(target);
  }

  async lanes(): Promise<readonly Lane[]> {
    return (await this.board()).lanes;
  }

  async putLane(lane: Lane, options: { ifArrivals?: number } = {}): Promise<boolean> {
    const { version } = lane;
    const { ifArrivals } = options;
    const attributes = Object.entries(laneAttributes(lane));
    const sets = attributes.map(([name]) => `#${name} = :${name}`);
    const conditions = [version === 0 ? FIRST_VERSION : SAME_VERSION];
    if (ifArrivals !== undefined) conditions.push(ifArrivals === 0 ? NO_ARRIVALS : SAME_ARRIVALS);
    const { isDone, isRepeated } = await this.#table.update(this.#laneKey(lane.target), {
      UpdateExpression: `SET #version = :next, ${sets.join(', ')}`,
      ConditionExpression: conditions.join(' AND '),
      ExpressionAttributeNames: {
        ...Object.fromEntries(attributes.map(([name]) => [`#${name}`, name])),
        '#version': 'version',
        ...(ifArrivals === undefined ? {} : { '#arrivals': 'arrivals' }),
      },
      ExpressionAttributeValues: {
        ...Object.fromEntries(attributes.map(([name, value]) => [`:${name}`, value])),
        ':version': { N: String(version) },
        ':next': { N: String(version + 1) },
        ...(ifArrivals === undefined ? {} : { ':arrivals': { N: String(ifArrivals) } }),
      },
    });
    return isDone || (isRepeated && (await this.#isStored(lane)));
  }

  async addArrivals(target: string, count: number): Promise<Lane | undefined> {
    const { item } = await this.#table.update(this.#laneKey(target), {
      UpdateExpression: 'ADD #arrivals :count',
      ExpressionAttributeNames: { '#arrivals': 'arrivals' },
      ExpressionAttributeValues: { ':count': { N: String(count) } },
      ReturnValues: 'ALL_NEW',
    });
    return item && toLane(item);
  }

  async gate(): Promise<Gate> {
    const item = await this.#table.get(gateKey(this.#database));
    return item ? toGate(item) : freshGate();
  }

  async board(): Promise<{ gate: Gate; lanes: readonly Lane[] }> {
    const lanes: Lane[] = [];
    let gate = freshGate();
    for await (const page of this.#table.pages({ partition: lanesPartition(this.#database), prefix: '' })) {
      for (const item of page) {
        if (sortKeyOf(item) === GATE) gate = toGate(item);
        else lanes.push(toLane(item));
      }
    }
    return { gate, lanes };
  }

  async putGate(gate: Gate): Promise<boolean> {
    const { version } = gate;
    const written: Item = { ...gateAttributes(gate), version: { N: String(version + 1) } };
    const fields = Object.keys(written);
    const { isDone, isRepeated } = await this.#table.update(gateKey(this.#database), {
      UpdateExpression: `SET ${fields.map((name) => `#${name} = :${name}`).join(', ')}`,
      ConditionExpression: version === 0 ? 'attribute_not_exists(#version)' : '#version = :old',
      ExpressionAttributeNames: Object.fromEntries(fields.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: {
        ...Object.fromEntries(fields.map((name) => [`:${name}`, written[name]])),
        ...(version === 0 ? {} : { ':old': { N: String(version) } }),
      },
    });
    // Sent again by the client after a lost reply, an update finds itself in its way.
    return isDone || (isRepeated && isDeepStrictEqual(await this.gate(), toGate(written)));
  }

  async addFiles(target: string, files: readonly LoadFile[]): Promise<readonly string[]> {
    return this.#filesOf(target).add(files);
  }

  async waitingFiles(target: string, limit: number): Promise<readonly TrackedFile[]> {
    return this.#filesOf(target).inLine(limit);
  }

  async filesById(target: string, ids: readonly string[]): Promise<readonly TrackedFile[]> {
    return this.#filesOf(target).byId(ids);
  }

  /** Reads the lines of all targets, or of the one: for people. */
  async troubledFiles(
    options: { target?: string; limit?: number; before?: EvidencePlace } = {},
  ): Promise<readonly TrackedFile[]> {
    const { target, limit = DEFAULT_PAGE, before } = options;
    const targets = target === undefined ? (await this.lanes()).map((lane) => lane.target) : [target];
    const troubled: TrackedFile[] = [];
    await inParallel(targets, CONCURRENT_LANES, async (one) => {
      troubled.push(...(await this.#filesOf(one).troubled()));
    });
    return orderTroubled(troubled, { before, limit });
  }

  async markLoaded(
    target: string,
    files: readonly LoadFile[],
    { lane }: { lane?: Lane } = {},
  ): Promise<void> {
    const isAsideEmpty = lane !== undefined && lane.hasAside !== true;
    await (isAsideEmpty ? this.#filesOf(target).endWaiting(files) : this.#filesOf(target).end(files));
  }

  async putAside(
    target: string,
    files: readonly { file: LoadFile; status: 'superseded' | 'quarantined'; evidence: Evidence }[],
  ): Promise<void> {
    if (files.length === 0) return;
    // Makes the lane: a question about all targets finds their files by it. Before the files: what a job's end is spared
    // by the absence of this must not be there yet.
    await this.#table.update(this.#laneKey(target), {
      UpdateExpression: 'SET #hasAside = :yes ADD #arrivals :none',
      ExpressionAttributeNames: { '#hasAside': 'hasAside', '#arrivals': 'arrivals' },
      ExpressionAttributeValues: { ':yes': { BOOL: true }, ':none': { N: '0' } },
    });
    await this.#filesOf(target).putAside(files);
  }

  async noteFailure(target: string, ids: readonly string[], evidence: Evidence): Promise<void> {
    await this.#filesOf(target).noteFailure(ids, evidence);
  }

  async quarantinedVersions(
    target: string,
    files: readonly LoadFile[],
    { lane }: { lane?: Lane } = {},
  ): Promise<readonly TrackedFile[]> {
    const isAsideEmpty = lane !== undefined && lane.hasAside !== true;
    return isAsideEmpty || files.length === 0 ? [] : this.#filesOf(target).quarantinedVersions(files);
  }

  async versionsAt(target: string, at: ObjectRef): Promise<readonly TrackedFile[]> {
    return this.#filesOf(target).versionsAt(at);
  }

  async redrive(target: string, ids: readonly string[], now: EpochMs): Promise<number> {
    return this.#filesOf(target).redrive(ids, now);
  }

  async unfinishedFiles(
    target: string,
    page: { from: string | null; limit: number },
  ): Promise<UnfinishedFiles> {
    return this.#filesOf(target).unfinished(page);
  }

  async forgetLoaded(target: string, ids: readonly string[]): Promise<void> {
    await forgetLoaded(this.#table, { partition: partitionOf(this.#database, target), ids });
  }

  async counts(target: string): Promise<FileCounts & { oldestWaitingAt: EpochMs | null }> {
    return this.#filesOf(target).counts();
  }

  async putJob(job: JobRecord): Promise<void> {
    await this.#table.put(jobItem(partitionOf(this.#database, job.target), job));
  }

  async jobs(target: string, limit: number): Promise<readonly JobRecord[]> {
    if (limit <= 0) return [];
    const items = await this.#table.firstPage({
      partition: partitionOf(this.#database, target),
      prefix: JOB,
      options: { ScanIndexForward: false, Limit: limit },
    });
    return items.map((item) => toJob(target, item));
  }

  /** An update whose reply was lost is sent again by the client, and then finds itself in its way. */
  async #isStored(lane: Lane): Promise<boolean> {
    const { arrivals, hasAside: _, ...stored } = await this.lane(lane.target);
    const written = toLane({
      ...this.#laneKey(lane.target),
      ...laneAttributes(lane),
      version: { N: String(lane.version + 1) },
    });
    return isDeepStrictEqual({ ...stored, arrivals }, { ...written, arrivals });
  }

  #laneKey(target: string): ItemKey {
    return keyOf(lanesPartition(this.#database), target);
  }

  #filesOf(target: string): FileItems {
    return new FileItems(this.#table, { database: this.#database, target, now: this.#now });
  }
}
