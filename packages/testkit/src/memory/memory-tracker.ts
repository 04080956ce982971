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
  keyIdOf,
  type Lane,
  type LoadFile,
  type ObjectRef,
  orderTroubled,
  type TrackedFile,
  type Tracker,
  type UnfinishedFiles,
} from '@millrace/core';

/** How many troubled files a page has when the caller does not say. */
const DEFAULT_PAGE = 100;

/**
 * A tracker that forgets everything when the process ends: for tests and simulations.
 *
 * Values are cloned on their way in and out: a caller who changes what it was given changes nothing here. Each
 * method does its work without an await, so concurrent calls take effect one after the other.
 */
export class MemoryTracker implements Tracker {
  readonly #lanes = new Map<string, Lane>();
  readonly #files = new Map<string, Map<string, TrackedFile>>();
  readonly #jobs = new Map<string, JobRecord>();
  #gate: Gate = freshGate();

  async lane(target: string): Promise<Lane> {
    return structuredClone(this.#lanes.get(target) ?? freshLane(target));
  }

  async lanes(): Promise<readonly Lane[]> {
    return [...this.#lanes.values()]
      .sort((a, b) => compareBytes(a.target, b.target))
      .map((lane) => structuredClone(lane));
  }

  async putLane(lane: Lane, options: { ifArrivals?: number } = {}): Promise<boolean> {
    const stored = this.#lanes.get(lane.target) ?? freshLane(lane.target);
    if (stored.version !== lane.version) return false;
    if (options.ifArrivals !== undefined && options.ifArrivals !== stored.arrivals) return false;
    this.#lanes.set(
      lane.target,
      structuredClone({ ...lane, version: lane.version + 1, arrivals: stored.arrivals }),
    );
    return true;
  }

  async addArrivals(target: string, count: number): Promise<Lane> {
    const stored = this.#lanes.get(target) ?? freshLane(target);
    this.#lanes.set(target, { ...stored, arrivals: stored.arrivals + count });
    return this.lane(target);
  }

  async gate(): Promise<Gate> {
    return structuredClone(this.#gate);
  }

  async board(): Promise<{ gate: Gate; lanes: readonly Lane[] }> {
    return { gate: await this.gate(), lanes: await this.lanes() };
  }

  async putGate(gate: Gate): Promise<boolean> {
    if (gate.version !== this.#gate.version) return false;
    this.#gate = structuredClone({ ...gate, version: gate.version + 1 });
    return true;
  }

  async addFiles(target: string, files: readonly LoadFile[]): Promise<readonly string[]> {
    const added: string[] = [];
    for (const file of files) {
      if (this.#find(target, file.id)) continue;
      this.#put({ target, file, status: 'waiting' });
      added.push(file.id);
    }
    return added;
  }

  async waitingFiles(target: string, limit: number): Promise<readonly TrackedFile[]> {
    const waiting = this.#withStatus(target, 'waiting').sort(compareInLine);
    const taken = waiting.slice(0, limit);
    const keys = new Set(taken.map(({ file }) => file.keyId));
    const otherVersions = waiting.slice(limit).filter(({ file }) => keys.has(file.keyId));
    return [...taken, ...otherVersions].map((file) => structuredClone(file));
  }

  async filesById(target: string, ids: readonly string[]): Promise<readonly TrackedFile[]> {
    const found = [...new Set(ids)].map((id) => this.#find(target, id));
    return found.filter((file) => file !== undefined).map((file) => structuredClone(file));
  }

  async troubledFiles(
    options: { target?: string; limit?: number; before?: EvidencePlace } = {},
  ): Promise<readonly TrackedFile[]> {
    const { target, limit = DEFAULT_PAGE, before } = options;
    const owned = [...this.#files].filter(([owner]) => target === undefined || owner === target);
    const troubled = owned.flatMap(([, files]) => [...files.values()].filter(({ evidence }) => evidence));
    return orderTroubled(troubled, { before, limit }).map((file) => structuredClone(file));
  }

  async markLoaded(target: string, files: readonly LoadFile[]): Promise<void> {
    for (const file of files) {
      this.#put({ target, file: this.#find(target, file.id)?.file ?? file, status: 'loaded' });
    }
  }

  async putAside(
    target: string,
    files: readonly { file: LoadFile; status: 'superseded' | 'quarantined'; evidence: Evidence }[],
  ): Promise<void> {
    for (const { file, status, evidence } of files) {
      const known = this.#find(target, file.id);
      if (known?.status === 'loaded') continue;
      this.#put({ target, file: known?.file ?? file, status, evidence });
    }
  }

  async noteFailure(target: string, ids: readonly string[], evidence: Evidence): Promise<void> {
    for (const id of ids) {
      const known = this.#find(target, id);
      if (known?.status === 'waiting') this.#put({ ...known, evidence });
    }
  }

  async quarantinedVersions(target: string, files: readonly LoadFile[]): Promise<readonly TrackedFile[]> {
    const places = new Set(files.map(({ keyId }) => keyId));
    return this.#withStatus(target, 'quarantined')
      .filter(({ file }) => places.has(file.keyId))
      .map((file) => structuredClone(file));
  }

  async versionsAt(target: string, at: ObjectRef): Promise<readonly TrackedFile[]> {
    const place = keyIdOf(at);
    return [...(this.#files.get(target)?.values() ?? [])]
      .filter(({ file, status }) => file.keyId === place && status !== 'loaded')
      .map((file) => structuredClone(file));
  }

  async redrive(target: string, ids: readonly string[], now: EpochMs): Promise<number> {
    let redriven = 0;
    for (const id of new Set(ids)) {
      const known = this.#find(target, id);
      if (known?.status !== 'quarantined') continue;
      this.#put({ ...known, status: 'waiting', file: { ...known.file, arrivedAt: now } });
      redriven += 1;
    }
    return redriven;
  }

  async unfinishedFiles(
    target: string,
    { from, limit }: { from: string | null; limit: number },
  ): Promise<UnfinishedFiles> {
    const files = [...this.#withStatus(target, 'waiting'), ...this.#withStatus(target, 'quarantined')]
      .filter(({ file }) => from === null || file.id > from)
      .sort((a, b) => compareBytes(a.file.id, b.file.id))
      .slice(0, limit);
    const next = files.length < limit ? null : (files.at(-1)?.file.id ?? null);
    return { files: files.map((file) => structuredClone(file)), next };
  }

  async forgetLoaded(target: string, ids: readonly string[]): Promise<void> {
    for (const id of ids)
      if (this.#find(target, id)?.status === 'loaded') this.#files.get(target)?.delete(id);
  }

  async counts(target: string): Promise<FileCounts & { oldestWaitingAt: EpochMs | null }> {
    const waiting = this.#withStatus(target, 'waiting');
    return {
      waiting: waiting.length,
      superseded: this.#withStatus(target, 'superseded').length,
      quarantined: this.#withStatus(target, 'quarantined').length,
      oldestWaitingAt: waiting.reduce<EpochMs | null>(
        (oldest, { file }) => Math.min(oldest ?? file.arrivedAt, file.arrivedAt),
        null,
      ),
    };
  }

  async putJob(job: JobRecord): Promise<void> {
    this.#jobs.set(job.id, structuredClone(job));
  }

  async jobs(target: string, limit: number): Promise<readonly JobRecord[]> {
    return [...this.#jobs.values()]
      .filter((job) => job.target === target)
      .sort((a, b) => b.submittedAt - a.submittedAt || compareBytes(b.id, a.id))
      .slice(0, limit)
      .map((job) => structuredClone(job));
  }

  #find(target: string, id: string): TrackedFile | undefined {
    return this.#files.get(target)?.get(id);
  }

  #put(file: TrackedFile): void {
    const files = this.#files.get(file.target) ?? new Map<string, TrackedFile>();
    this.#files.set(file.target, files.set(file.file.id, structuredClone(file)));
  }

  #withStatus(target: string, status: FileStatus): TrackedFile[] {
    return [...(this.#files.get(target)?.values() ?? [])].filter((file) => file.status === status);
  }
}

/** Oldest first; what arrived together in the order of its keys' bytes, as listings have it. */
function compareInLine({ file: a }: TrackedFile, { file: b }: TrackedFile): number {
  return (
    a.arrivedAt - b.arrivedAt || compareBytes(a.identity.key, b.identity.key) || compareBytes(a.id, b.id)
  );
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
