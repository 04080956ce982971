import { setImmediate } from 'node:timers/promises';
import {
  type EpochMs,
  type Evidence,
  type EvidencePlace,
  type FileCounts,
  type FileStatus,
  freshGate,
  freshLane,
  type Gate,
  type JobRecord,
  type Lane,
  type LaneState,
  type LoadFile,
  type ObjectRef,
  type TrackedFile,
  type Tracker,
  type UnfinishedFiles,
} from '@millrace/core';
import { copyDatabase } from './copy-database.ts';
import { StateDatabase } from './state-database.ts';
import { gateBody, laneBody, toGate, toJob, toLane, toTrackedFile } from './tracker-rows.ts';
import { STATUS_CODES, TRACKER_APPLICATION_ID, TRACKER_MIGRATIONS } from './tracker-schema.ts';
import { prepareTracker, type TrackerStatements } from './tracker-statements.ts';
import { pageUnfinished } from './unfinished-page.ts';

/**
 * Files that one transaction writes. More are faster by the file (an index page is written once for many of them),
 * but a transaction blocks the process: 5,000 take about 40 ms.
 */
const FILES_PER_TRANSACTION = 5_000;

/** States of a lane that nobody could find out again, or that somebody was told. */
const MUST_LAST: ReadonlySet<LaneState['kind']> = new Set(['submitting', 'held', 'paused']);

/** The receipts prove what is loaded, and a listing finds the rest. */
const IF_DAMAGED =
  'stop what uses it, move it away (with its -wal and -shm files) and start again: it is rebuilt from the receipts and ' +
  'the listing, pauses are forgotten, and what is quarantined is tried again; or restore a backup';

/** How many troubled files a page has when the caller does not say. */
const DEFAULT_PAGE = 100;
/** Before all files with evidence. */
const NEWEST: EvidencePlace = { at: Number.MAX_SAFE_INTEGER, id: '', target: '' };

/**
 * The tracker in a SQLite file, for one machine.
 *
 * One process writes at a time (`StateLock`); others may read beside it, and may write short things such as a pause.
 * What the port calls durable is on the disk when the promise resolves; the rest is taken along by the next write that
 * is: a lane of one file waits for the disk twice and not seven times. SQLite works synchronously: a call takes effect before its
 * promise is returned, except that lists of files are written in transactions of 5,000 with a turn for others between.
 */
export class SqliteTracker implements Tracker {
  readonly #database: StateDatabase;
  readonly #statements: TrackerStatements;
  readonly #targetIds = new Map<string, number>();

  /** Opens or creates the file. @throws LoadError `state-foreign`, `state-newer`, `state-unreachable` … */
  constructor(path: string) {
    this.#database = new StateDatabase({
      path,
      what: 'tracker',
      applicationId: TRACKER_APPLICATION_ID,
      migrations: TRACKER_MIGRATIONS,
      synchronous: 'full',
      ifDamaged: IF_DAMAGED,
    });
    this.#statements = prepareTracker(this.#database);
  }

  async lane(target: string): Promise<Lane> {
    const row = this.#database.run(() => this.#statements.lane.get(target));
    return row ? toLane(row) : freshLane(target);
  }

  async lanes(): Promise<readonly Lane[]> {
    return this.#database.run(() => this.#statements.lanes.all()).map(toLane);
  }

  async putLane(lane: Lane, options: { ifArrivals?: number } = {}): Promise<boolean> {
    const { target, version } = lane;
    const ifArrivals = options.ifArrivals ?? null;
    const body = laneBody(lane);
    const mustLast = MUST_LAST.has(lane.state.kind) || lane.pauseAsked !== null;
    return this.#soonUnless(mustLast, () => {
      const updated = this.#statements.updateLane.run({ target, version, body, ifArrivals });
      if (updated.changes === 1) return true;
      // A lane that is not there has version 0 and no arrivals. If another process makes it just now, it wins.
      if (version !== 0 || (ifArrivals ?? 0) !== 0) return false;
      return this.#statements.insertLane.run({ target, body }).changes === 1;
    });
  }

  async addArrivals(target: string, count: number): Promise<undefined> {
    this.#database.runUnsynced(() =>
      this.#statements.addArrivals.run(target, count, laneBody(freshLane(target))),
    );
  }

  async gate(): Promise<Gate> {
    const row = this.#database.run(() => this.#statements.gate.get());
    return row ? toGate(row) : freshGate();
  }

  async board(): Promise<{ gate: Gate; lanes: readonly Lane[] }> {
    return { gate: await this.gate(), lanes: await this.lanes() };
  }

  async putGate(gate: Gate): Promise<boolean> {
    const { version } = gate;
    const body = gateBody(gate);
    return this.#database.run(() => {
      if (this.#statements.updateGate.run({ version, body }).changes === 1) return true;
      return version === 0 && this.#statements.insertGate.run(body).changes === 1;
    });
  }

  async addFiles(target: string, files: readonly LoadFile[]): Promise<readonly string[]> {
    const added: string[] = [];
    await this.#inTransactions(target, files, (targetId, chunk) => {
      const before = added.length;
      for (const file of chunk) {
        if (this.#insert(targetId, file, { status: 'waiting' })) added.push(file.id);
      }
      this.#count(targetId, 'waiting', added.length - before);
    });
    return added;
  }

  async waitingFiles(target: string, limit: number): Promise<readonly TrackedFile[]> {
    const targetId = this.#knownTarget(target);
    if (targetId === undefined || limit <= 0) return [];
    return this.#database.run(() => {
      const rows = this.#statements.inLine.all(targetId, Math.min(limit, Number.MAX_SAFE_INTEGER));
      const taken = rows.map((row) => toTrackedFile(target, row));
      // Fewer than the limit: the line has no more files, so no more versions either.
      return taken.length < limit ? taken : [...taken, ...this.#otherVersions(target, targetId, taken)];
    });
  }

  async filesById(target: string, ids: readonly string[]): Promise<readonly TrackedFile[]> {
    const targetId = this.#knownTarget(target);
    if (targetId === undefined) return [];
    return this.#database.run(() => {
      const rows = [...new Set(ids)].map((id) => this.#statements.byId.get(targetId, id));
      return rows.filter((row) => row !== undefined).map((row) => toTrackedFile(target, row));
    });
  }

  async troubledFiles(
    options: { target?: string; limit?: number; before?: EvidencePlace } = {},
  ): Promise<readonly TrackedFile[]> {
    const { target, limit = DEFAULT_PAGE, before = NEWEST } = options;
    return this.#database.run(() => {
      const place = { ...before, limit };
      const rows =
        target === undefined
          ? this.#statements.trouble.all(place)
          : this.#statements.troubleOfTarget.all({ ...place, targetId: this.#knownTarget(target) ?? null });
      return rows.map((row) => toTrackedFile(String(row.target), row));
    });
  }

  async markLoaded(target: string, files: readonly LoadFile[]): Promise<void> {
    const mark = (targetId: number, chunk: readonly LoadFile[]): void => {
      for (const file of chunk) this.#end(targetId, file, { status: 'loaded' });
    };
    await this.#inTransactions(target, files, mark, { isDurable: false });
  }

  async putAside(
    target: string,
    files: readonly { file: LoadFile; status: 'superseded' | 'quarantined'; evidence: Evidence }[],
  ): Promise<void> {
    await this.#inTransactions(target, files, (targetId, chunk) => {
      for (const { file, status, evidence } of chunk) {
        // Receipts win: a verdict on an attempt that came late does not undo a load that is proven.
        if (this.#statusOf(targetId, file.id) === STATUS_CODES.loaded) continue;
        this.#end(targetId, file, { status, evidence });
      }
    });
  }

  async noteFailure(target: string, ids: readonly string[], evidence: Evidence): Promise<void> {
    const body = JSON.stringify(evidence);
    await this.#inTransactions(target, ids, (targetId, chunk) => {
      for (const id of chunk) this.#statements.noteFailure.run(body, evidence.at, targetId, id);
    });
  }

  async quarantinedVersions(target: string, files: readonly LoadFile[]): Promise<readonly TrackedFile[]> {
    const targetId = this.#knownTarget(target);
    if (targetId === undefined) return [];
    return this.#database.run(() => {
      const tally = this.#statements.tally.all(targetId);
      const aside = tally.find(({ status }) => status === STATUS_CODES.quarantined);
      if (aside === undefined || aside.files === 0) return [];
      const places = new Set(files.map(({ keyId }) => keyId));
      const keys = new Set(files.map(({ identity }) => identity.key));
      return [...keys]
        .flatMap((key) => this.#statements.quarantinedVersions.all(targetId, key))
        .map((row) => toTrackedFile(target, row))
        .filter(({ file }) => places.has(file.keyId));
    });
  }

  async versionsAt(target: string, at: ObjectRef): Promise<readonly TrackedFile[]> {
    const targetId = this.#knownTarget(target);
    if (targetId === undefined) return [];
    const { versions, quarantinedVersions, supersededVersions } = this.#statements;
    return this.#database.run(() =>
      [versions, quarantinedVersions, supersededVersions]
        .flatMap((statement) => statement.all(targetId, at.key))
        .map((row) => toTrackedFile(target, row))
        .filter(({ file }) => file.identity.bucket === at.bucket),
    );
  }

  /** As the port says; a redriven file goes to the end of the line: its `arrivedAt` becomes `now`. */
  async redrive(target: string, ids: readonly string[], now: EpochMs): Promise<number> {
    let redriven = 0;
    await this.#inTransactions(target, ids, (targetId, chunk) => {
      let moved = 0;
      for (const id of chunk) moved += Number(this.#statements.redrive.run(now, targetId, id).changes);
      this.#count(targetId, 'quarantined', -moved);
      this.#count(targetId, 'waiting', moved);
      redriven += moved;
    });
    return redriven;
  }

  async unfinishedFiles(
    target: string,
    page: { from: string | null; limit: number },
  ): Promise<UnfinishedFiles> {
    const targetId = this.#knownTarget(target);
    if (targetId === undefined) return { files: [], next: null };
    return this.#database.run(() => pageUnfinished(this.#statements, { target, targetId, ...page }));
  }

  async forgetLoaded(target: string, ids: readonly string[]): Promise<void> {
    await this.#inTransactions(target, ids, (targetId, chunk) => {
      let forgotten = 0;
      for (const id of chunk) forgotten += Number(this.#statements.forgetLoaded.run(targetId, id).changes);
      this.#count(targetId, 'loaded', -forgotten);
    });
  }

  async counts(target: string): Promise<FileCounts & { oldestWaitingAt: EpochMs | null }> {
    const targetId = this.#knownTarget(target);
    const counts = { waiting: 0, superseded: 0, quarantined: 0 };
    if (targetId === undefined) return { ...counts, oldestWaitingAt: null };
    return this.#database.run(() => {
      const files = new Map(
        this.#statements.tally.all(targetId).map((row) => [row.status, Number(row.files)]),
      );
      const oldest = this.#statements.oldestWaiting.get(targetId)?.arrivedAt;
      return {
        waiting: files.get(STATUS_CODES.waiting) ?? 0,
        superseded: files.get(STATUS_CODES.superseded) ?? 0,
        quarantined: files.get(STATUS_CODES.quarantined) ?? 0,
        oldestWaitingAt: typeof oldest === 'number' ? oldest : null,
      };
    });
  }

  async putJob(job: JobRecord): Promise<void> {
    this.#database.runUnsynced(() => this.#statements.putJob.run({ ...job }));
  }

  async jobs(target: string, limit: number): Promise<readonly JobRecord[]> {
    return this.#database.run(() => this.#statements.jobs.all(target, limit)).map(toJob);
  }

  /** Writes a consistent copy, itself a tracker file, to the path `to`. @throws LoadError `backup-exists` */
  backup(to: string): Promise<void> {
    return copyDatabase(this.#database.sql, to);
  }

  close(): void {
    this.#database.close();
  }

  #otherVersions(target: string, targetId: number, taken: readonly TrackedFile[]): TrackedFile[] {
    const takenIds = new Set(taken.map(({ file }) => file.id));
    const keyIds = new Set(taken.map(({ file }) => file.keyId));
    const keys = new Set(taken.map(({ file }) => file.identity.key));
    return [...keys]
      .flatMap((key) => this.#statements.versions.all(targetId, key))
      .map((row) => toTrackedFile(target, row))
      .filter(({ file }) => keyIds.has(file.keyId) && !takenIds.has(file.id));
  }

  /** Whether the file was new. */
  #insert(targetId: number, file: LoadFile, end: { status: FileStatus; evidence?: Evidence }): boolean {
    const { identity } = file;
    const result = this.#statements.insertFile.run(
      targetId,
      file.id,
      file.keyId,
      identity.bucket,
      identity.key,
      identity.etag,
      identity.size,
      file.arrivedAt,
      file.writtenAt ?? null,
      file.versionId ?? null,
      STATUS_CODES[end.status],
      end.evidence ? JSON.stringify(end.evidence) : null,
      end.evidence?.at ?? null,
    );
    return result.changes === 1;
  }

  /** Gives a file, known or not, a status that is not `waiting`. */
  #end(targetId: number, file: LoadFile, end: { status: FileStatus; evidence?: Evidence }): void {
    const before = this.#statusOf(targetId, file.id);
    if (before === undefined) {
      this.#insert(targetId, file, end);
    } else {
      const evidence = end.evidence ? JSON.stringify(end.evidence) : null;
      this.#statements.setStatus.run(
        STATUS_CODES[end.status],
        evidence,
        end.evidence?.at ?? null,
        targetId,
        file.id,
      );
      this.#statements.addToTally.run(targetId, before, -1);
    }
    this.#count(targetId, end.status, 1);
  }

  #statusOf(targetId: number, id: string): number | undefined {
    const status = this.#statements.statusById.get(targetId, id)?.status;
    return typeof status === 'number' ? status : undefined;
  }

  #count(targetId: number, status: FileStatus, files: number): void {
    if (files !== 0) this.#statements.addToTally.run(targetId, STATUS_CODES[status], files);
  }

  async #inTransactions<T>(
    target: string,
    items: readonly T[],
    write: (targetId: number, chunk: readonly T[]) => void,
    { isDurable = true }: { isDurable?: boolean } = {},
  ): Promise<void> {
    if (items.length === 0) return;
    // Outside of the transaction: a number that was rolled back must not stay in the map.
    const targetId = this.#knownTarget(target) ?? this.#newTarget(target);
    for (let from = 0; from < items.length; from += FILES_PER_TRANSACTION) {
      if (from > 0) await setImmediate();
      const chunk = items.slice(from, from + FILES_PER_TRANSACTION);
      this.#soonUnless(isDurable, () => this.#database.transact(() => write(targetId, chunk)));
    }
  }

  #soonUnless<T>(isDurable: boolean, body: () => T): T {
    return isDurable ? this.#database.run(body) : this.#database.runUnsynced(body);
  }

  #knownTarget(target: string): number | undefined {
    const known = this.#targetIds.get(target);
    if (known !== undefined) return known;
    const id = this.#database.run(() => this.#statements.targetId.get(target))?.id;
    if (typeof id !== 'number') return undefined;
    this.#targetIds.set(target, id);
    return id;
  }

  #newTarget(target: string): number {
    this.#database.run(() => this.#statements.addTarget.run(target));
    const id = this.#knownTarget(target);
    if (id === undefined) throw new Error(`the tracker lost the target ${target} that it just wrote`);
    return id;
  }
}
