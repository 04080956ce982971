import {
  type Evidence,
  type Lane,
  type LoadFile,
  type ObjectInfo,
  type ObjectStore,
  readLot,
  readStatementName,
  type StatementRef,
  type TargetDefinition,
  type Tracker,
  urlOf,
} from '@millrace/core';
import type { CopiedObject, EngineEvents } from './engine.ts';
import { override } from './override.ts';
import type { Story } from './story.ts';
import {
  type CommittedJob,
  type JobWatch,
  type Replaces,
  sayState,
  type WatchedFile,
} from './watched-job.ts';

/**
 * Looks at every step of the lanes and of the warehouse, and says what must not be. Knows what is true, and no verb
 * ever asks it.
 */
export class LaneChecks {
  readonly commits: CommittedJob[] = [];
  readonly #story: Story;
  readonly #now: () => number;
  /** The targets whose files wait before a lane. */
  readonly #members = new Map<string, readonly string[]>();
  readonly #fences = new Map<string, number>();
  readonly #jobs = new Map<string, JobWatch>();
  /** Files whose arrival was counted, by target: a lane may not go idle over them. */
  readonly #counted = new Map<string, Set<string>>();
  /** Written down since arrivals were last counted. */
  readonly #written = new Map<string, readonly string[]>();
  /** Attempts that their lane has left, by job and number: also those that the warehouse had not been sent yet. */
  readonly #left = new Set<string>();
  readonly #heldBy = new Map<string, string>();
  readonly #openByLane = new Map<string, Set<string>>();
  readonly #receipts = new Map<string, string>();
  /** Of the files that had one. */
  readonly #urls = new Map<string, string>();
  /** When the store last told of an object with an ETag, by both. */
  readonly #lookedAt = new Map<string, number>();
  /** Files whose key held another version when COPY read it. */
  readonly #readAnother = new Set<string>();
  /** When a lane last left a job. */
  readonly #freeAt = new Map<string, number>();

  constructor(
    story: Story,
    { now, definitions }: { now: () => number; definitions: readonly TargetDefinition[] },
  ) {
    this.#story = story;
    this.#now = now;
    for (const { name, group } of definitions) {
      const members = group?.members ?? [name];
      // The lane of a group is its first target's; nothing waits before the others'.
      this.#members.set(name, members[0] === name ? members : []);
    }
  }

  /**
   * The tracker with a look at each write, when it takes effect.
   *
   * @param onEmpty told when a worker has just heard that nothing waits: it may be about to let the lane sleep.
   */
  around(tracker: Tracker, { onEmpty }: { onEmpty: (target: string) => void }): Tracker {
    return override(tracker, {
      waitingFiles: async (target, limit) => {
        const files = await tracker.waitingFiles(target, limit);
        if (files.length === 0) onEmpty(target);
        return files;
      },
      addFiles: async (target, files) => {
        const added = await tracker.addFiles(target, files);
        this.#write(target, added);
        return added;
      },
      markLoaded: (target, files) => this.#markLoaded(tracker, target, files),
      putAside: (target, files) => this.#putAside(tracker, target, files),
      redrive: (target, ids, now) => {
        // They wait again, and their arrival is counted once more.
        for (const id of ids) this.#counted.get(target)?.delete(id);
        this.#write(target, ids);
        return tracker.redrive(target, ids, now);
      },
      addArrivals: async (target, count) => {
        const lane = await tracker.addArrivals(target, count);
        for (const member of this.#members.get(target) ?? [target]) this.#countArrivals(member);
        return lane;
      },
      putLane: (lane, options) => this.#putLane(tracker, lane, options),
    });
  }

  /** The object store, with a note of what it told of which object when. */
  aroundObjects(objects: ObjectStore): ObjectStore {
    return override(objects, {
      head: async (at) => {
        const info = await objects.head(at);
        if (info !== undefined) this.#lookedAt.set(`${urlOf(at)} ${info.etag}`, this.#now());
        return info;
      },
      list: (at) => this.#noteListed(objects.list(at)),
    });
  }

  async *#noteListed(listing: AsyncIterable<ObjectInfo>): AsyncGenerator<ObjectInfo> {
    for await (const info of listing) {
      this.#lookedAt.set(`${urlOf(info)} ${info.etag}`, this.#now());
      yield info;
    }
  }

  /** The warehouse has taken a job's statement. */
  submitted({ id, name }: StatementRef): void {
    // Sent by a worker that stood still while its job was given up: it may be there, and must never commit.
    if (this.#isLeft(name)) return;
    const target = readStatementName(name)?.target ?? '';
    const open = this.#openByLane.get(target) ?? new Set();
    this.#openByLane.set(target, open.add(id));
    if (open.size > 1) {
      this.#story.violate('one statement per lane', `${[...open].join(' and ')} are under way for ${target}`);
    }
  }

  /** What that job is made of. */
  noteFiles(name: string, files: readonly WatchedFile[], replaces: Replaces): void {
    if (this.#jobs.has(name)) return;
    const target = readStatementName(name)?.target ?? '';
    const isLeft = this.#isLeft(name);
    this.#jobs.set(name, { target, files, replaces, isCommitted: false, isLeft });
    if (!isLeft) this.#checkLooks(target, files);
  }

  /** The statement is over, or given up by a warehouse that tells nobody of it: it does not count any more. */
  ended({ id, name }: StatementRef): void {
    const target = readStatementName(name)?.target ?? '';
    this.#openByLane.get(target)?.delete(id);
    for (const [lock, holder] of this.#heldBy) if (holder === id) this.#heldBy.delete(lock);
  }

  eventsOf(ref: StatementRef): EngineEvents {
    const copied: CopiedObject[] = [];
    return {
      onLocked: (lock) => {
        const other = this.#heldBy.get(lock);
        if (other !== undefined && other !== ref.id) {
          this.#story.violate('one load per lane', `${ref.id} and ${other} are both behind the lock ${lock}`);
        }
        this.#heldBy.set(lock, ref.id);
      },
      onCopied: (object) => {
        copied.push(object);
        this.#copied(ref.name, object);
      },
      onCommitted: () => this.#committed(ref, copied),
    };
  }

  /** COPY reads a key, whatever its bytes are by then: each was looked at since the lane was free for this job. */
  #checkLooks(target: string, files: readonly WatchedFile[]): void {
    for (const { url, loadUrl, etag } of files) {
      if (loadUrl !== url) continue;
      const lookedAt = this.#lookedAt.get(`${url} ${etag}`) ?? Number.NEGATIVE_INFINITY;
      if (lookedAt >= (this.#freeAt.get(target) ?? 0)) continue;
      this.#story.violate(
        'looked at before COPY',
        `${url} was not seen with ETag ${etag} before its job was submitted`,
      );
    }
  }

  #copied(name: string, { url, etag }: CopiedObject): void {
    const job = this.#jobs.get(name);
    const file = job?.files.find(({ loadUrl }) => loadUrl === url);
    if (job === undefined || file === undefined || file.etag === etag) return;
    if (file.loadUrl === file.url) {
      this.#readAnother.add(`${file.target} ${file.id}`);
      return;
    }
    this.#story.violate(
      'a pin is a version',
      `${name} read the pin ${url} with ETag ${etag}, not ${file.etag}`,
    );
  }

  #committed({ id, name }: StatementRef, copied: readonly CopiedObject[]): void {
    const job = this.#jobs.get(name);
    if (job === undefined) return;
    this.#story.tell(() => `${id} commits ${job.files.length} files of ${job.target}`);
    if (job.isLeft) {
      this.#story.violate('given up means never', `${id} committed ${name} after the lane had given it up`);
    }
    job.isCommitted = true;
    for (const [lock, holder] of this.#heldBy) if (holder === id) this.#heldBy.delete(lock);
    this.#forgetReceipts(job);
    for (const file of job.files) {
      const key = `${file.target} ${file.id}`;
      const other = this.#receipts.get(key);
      if (other !== undefined) {
        this.#story.violate('loaded once', `${file.loadUrl} was loaded by ${other} and again by ${name}`);
      }
      this.#receipts.set(key, name);
      this.#urls.set(key, file.url);
    }
    this.#checkLots(job);
    const { prefix } = job.replaces;
    const byTarget = Map.groupBy(job.files, (file) => file.target);
    // A partition that was emptied has no files.
    if (byTarget.size === 0) byTarget.set(job.target, []);
    for (const [target, files] of byTarget) {
      const urls = new Set(files.map(({ loadUrl }) => loadUrl));
      this.commits.push({
        target,
        name,
        fileIds: files.map(({ id }) => id),
        copied: copied.filter(({ url }) => urls.has(url)),
        prefix,
        at: this.#now(),
      });
    }
  }

  /** What a reader sees at this instant: of a seal all of it, in whatever table, or nothing. */
  #checkLots({ files }: JobWatch): void {
    for (const [lot, own] of Map.groupBy(files, ({ url }) => readLot({ key: url }))) {
      if (lot === undefined) continue;
      const targets = [...this.#members.values()].find((members) => members.length > 1) ?? [];
      const missing = targets.find((target) => !own.some((file) => file.target === target));
      if (missing === undefined) continue;
      this.#story.violate(
        'no half of a seal',
        `seal ${lot} is seen in ${own[0]?.target} and not in ${missing}`,
      );
    }
  }

  #forgetReceipts({ target, replaces: { jobIds, prefix } }: JobWatch): void {
    for (const [key, name] of this.#receipts) {
      const isBelow = prefix !== null && this.#urls.get(key)?.startsWith(prefix) === true;
      const isReplaced = isBelow || jobIds.includes(readStatementName(name)?.jobId ?? '');
      if (isReplaced && key.startsWith(`${target} `)) this.#receipts.delete(key);
    }
  }

  isLoaded(target: string, fileId: string): boolean {
    return this.#receipts.has(`${target} ${fileId}`);
  }

  /** The key was written between the look and COPY, which read the other version: a limit of loads without a pin. */
  readAnother(target: string, fileId: string): boolean {
    return this.#readAnother.has(`${target} ${fileId}`);
  }

  /** Whatever was written down when arrivals are counted is counted: files first, then arrivals. */
  #countArrivals(target: string): void {
    const counted = this.#counted.get(target) ?? new Set();
    for (const id of this.#written.get(target) ?? []) counted.add(id);
    this.#counted.set(target, counted);
    this.#written.delete(target);
  }

  #write(target: string, ids: readonly string[]): void {
    this.#written.set(target, [...(this.#written.get(target) ?? []), ...ids]);
  }

  async #putLane(tracker: Tracker, lane: Lane, options?: { ifArrivals?: number }): Promise<boolean> {
    const before = await tracker.lane(lane.target);
    const isPut = await tracker.putLane(lane, options);
    if (!isPut) return false;
    this.#story.tell(() => `lane ${lane.target} is ${sayState(lane)}, fence ${lane.fence}`);
    this.#checkFence(lane);
    if (lane.state.kind === 'idle') {
      for (const member of this.#members.get(lane.target) ?? [lane.target])
        await this.#checkIdle(tracker, member);
    }
    await this.#checkLeft(tracker, before, lane);
    return true;
  }

  #checkFence({ target, fence, state }: Lane): void {
    const before = this.#fences.get(target) ?? 0;
    const isRenewed = fence === before && state.kind === 'submitting' && state.job.fence === before;
    if (fence < before || (state.kind === 'submitting' && fence <= before && !isRenewed)) {
      this.#story.violate('fences grow', `${target} has fence ${fence} after ${before}`);
    }
    this.#fences.set(target, fence);
  }

  /** Arrivals: a file that came while the lane was looked at is not slept through. */
  async #checkIdle(tracker: Tracker, target: string): Promise<void> {
    if ((await tracker.counts(target)).waiting === 0) return;
    const counted = this.#counted.get(target);
    const waiting = await tracker.waitingFiles(target, Number.MAX_SAFE_INTEGER);
    const missed = waiting.find(({ file }) => counted?.has(file.id));
    if (missed !== undefined) {
      this.#story.violate(
        'no lost wake-up',
        `${target} went idle over ${missed.file.url}, whose arrival was counted`,
      );
    }
  }

  /** A lane that leaves its job knows how it ended: loaded, and its files have ended; or it never will be. */
  async #checkLeft(tracker: Tracker, before: Lane, after: Lane): Promise<void> {
    if (before.state.kind !== 'submitting' && before.state.kind !== 'running') return;
    const left = before.state.job;
    const isSame =
      (after.state.kind === 'submitting' || after.state.kind === 'running') && after.state.job.id === left.id;
    if (isSame) return;
    this.#freeAt.set(after.target, this.#now());
    this.#left.add(`${left.id}/${left.attempt}`);
    for (const [name, job] of this.#jobs) {
      const statement = readStatementName(name);
      if (statement?.jobId !== left.id || statement.attempt !== left.attempt) continue;
      job.isLeft = true;
      if (!job.isCommitted) {
        this.#openByLane.get(job.target)?.clear();
        continue;
      }
      for (const [target, files] of Map.groupBy(job.files, (file) => file.target)) {
        const ids = files.map(({ id }) => id);
        const waiting = (await tracker.filesById(target, ids)).filter(({ status }) => status === 'waiting');
        if (waiting.length === 0) continue;
        this.#story.violate(
          'receipts before the lane',
          `${target} left ${name}, which committed, while ${waiting[0]?.file.url} still waits`,
        );
      }
    }
  }

  #isLeft(name: string): boolean {
    const statement = readStatementName(name);
    return statement !== undefined && this.#left.has(`${statement.jobId}/${statement.attempt}`);
  }

  async #markLoaded(tracker: Tracker, target: string, files: readonly LoadFile[]): Promise<void> {
    await tracker.markLoaded(target, files);
    for (const { id, url } of files) {
      if (!this.isLoaded(target, id)) {
        this.#story.violate(
          'loaded means a receipt',
          `${url} is marked loaded in ${target} and has no receipt`,
        );
      }
    }
  }

  async #putAside(
    tracker: Tracker,
    target: string,
    files: readonly { file: LoadFile; status: 'superseded' | 'quarantined'; evidence: Evidence }[],
  ): Promise<void> {
    await tracker.putAside(target, files);
    const known = await tracker.filesById(
      target,
      files.map(({ file }) => file.id),
    );
    for (const { file, status } of known) {
      // A worker that stood still may put aside what a job in hand has loaded: settling that job mends it.
      const job = this.#jobs.get(this.#receipts.get(`${target} ${file.id}`) ?? '');
      if (status !== 'loaded' && job?.isLeft === true) {
        this.#story.violate('never both', `${file.url} is ${status} in ${target} and has a receipt`);
      }
    }
  }
}
