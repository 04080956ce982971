import { readLot } from '../event/chunk-key.ts';
import type { TrackedFile } from '../file/load-file.ts';
import { copyKindOf } from '../load/build-job.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { EpochMs } from '../ports/time.ts';
import { type Batch, dueAt } from './batching.ts';
import type { Lane } from './lane.ts';

/** Files that are loaded together or not at all: the chunks of one seal, or a file that came by itself. */
export interface GroupUnit {
  /** Of a seal; null: it is no chunk. */
  readonly lot: string | null;
  readonly files: readonly TrackedFile[];
}

/** The line of a group as units, in the order of their oldest files. `loadable`: of all its targets, oldest first. */
export function groupUnits(loadable: readonly TrackedFile[]): readonly GroupUnit[] {
  const byLot = new Map<string, TrackedFile[]>();
  const units: { lot: string | null; files: TrackedFile[] }[] = [];
  for (const tracked of loadable) {
    const lot = readLot(tracked.file.identity) ?? null;
    const known = lot === null ? undefined : byLot.get(lot);
    if (known !== undefined) {
      known.push(tracked);
      continue;
    }
    const unit = { lot, files: [tracked] };
    if (lot !== null) byLot.set(lot, unit.files);
    units.push(unit);
  }
  return units;
}

export interface GroupBatch {
  readonly batch: Batch;
  readonly dueAt: EpochMs;
}

/**
 * The next job's files of a group: whole units, the oldest first, as many as the limits of every target allow, and of each
 * target files of one kind. It is due when the batch of one of its targets is.
 *
 * While a bad file is searched for, jobs take half of the suspects, by units too.
 */
export function planGroupBatch(
  units: readonly GroupUnit[],
  { targets, lane, now }: { targets: ReadonlyMap<string, TargetDefinition>; lane: Lane; now: EpochMs },
): GroupBatch {
  const taken = new GroupTally(targets);
  const { suspects } = lane;
  const most = filesToTry(lane);
  for (const unit of units) {
    const isFirst = taken.files.length === 0;
    if (!isFirst && taken.files.length + unit.files.length > most) break;
    if (!taken.take(unit.files, { isFirst }) && taken.isFull) break;
  }
  const { files } = taken;
  const bytes = files.reduce((sum, { file }) => sum + file.identity.size, 0);
  const isFull = taken.isFull || suspects !== null;
  const dues = [...Map.groupBy(files, ({ target }) => target)].map(([target, own]) => {
    const policy = targets.get(target)?.batching;
    if (policy === undefined) return now;
    return dueAt({ files: own, bytes, isFull }, { policy, loadMs: lane.loadMs, now });
  });
  return { batch: { files, bytes, isFull }, dueAt: Math.min(...dues) };
}

/** How many files a job of a group may have while one of so many is searched for. */
function filesToTry({ suspects }: Pick<Lane, 'suspects'>): number {
  return suspects === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(suspects / 2));
}

/** Of units that have turned out to be larger, those that may be tried together: the first, and what fits beside it. */
export function cutToSuspects(
  files: readonly TrackedFile[],
  lane: Pick<Lane, 'suspects'>,
): readonly TrackedFile[] {
  const kept: TrackedFile[] = [];
  for (const unit of groupUnits(files)) {
    if (kept.length > 0 && kept.length + unit.files.length > filesToTry(lane)) break;
    kept.push(...unit.files);
  }
  return kept;
}

/** What a batch holds so far, by target. */
class GroupTally {
  readonly files: TrackedFile[] = [];
  isFull = false;
  readonly #targets: ReadonlyMap<string, TargetDefinition>;
  readonly #kinds = new Map<string, string>();
  readonly #counts = new Map<string, { files: number; bytes: number }>();

  constructor(targets: ReadonlyMap<string, TargetDefinition>) {
    this.#targets = targets;
  }

  /** Takes all of the files or none. The first ones are taken whatever the limits: they will not get fewer by waiting. */
  take(files: readonly TrackedFile[], { isFirst }: { isFirst: boolean }): boolean {
    const own = isFirst ? files.filter((one) => this.#fitsKind(one)) : files;
    if (!isFirst && !own.every((one) => this.#fitsKind(one, { isTrial: true }))) return false;
    const isOver = [...Map.groupBy(own, ({ target }) => target)].some(([target, some]) =>
      this.#isOver(target, some),
    );
    if (isOver) {
      this.isFull = true;
      if (!isFirst) return false;
    }
    for (const one of own) {
      this.#fitsKind(one);
      this.#count(one);
      this.files.push(one);
    }
    return true;
  }

  /** The first file of a target says of which kind the others are. */
  #fitsKind({ target, file }: TrackedFile, { isTrial = false }: { isTrial?: boolean } = {}): boolean {
    const definition = this.#targets.get(target);
    if (definition === undefined) return false;
    const kind = copyKindOf(definition, file);
    const known = this.#kinds.get(target);
    if (known === undefined && !isTrial) this.#kinds.set(target, kind);
    return known === undefined || known === kind;
  }

  #isOver(target: string, files: readonly TrackedFile[]): boolean {
    const { maxFiles = 0, maxBytes = 0 } = this.#targets.get(target)?.batching ?? {};
    const { files: count, bytes } = this.#counts.get(target) ?? { files: 0, bytes: 0 };
    const more = files.reduce((sum, { file }) => sum + file.identity.size, 0);
    return count + files.length > maxFiles || bytes + more > maxBytes;
  }

  #count({ target, file }: TrackedFile): void {
    const { files, bytes } = this.#counts.get(target) ?? { files: 0, bytes: 0 };
    const counted = { files: files + 1, bytes: bytes + file.identity.size };
    this.#counts.set(target, counted);
    const { maxFiles = 0, maxBytes = 0 } = this.#targets.get(target)?.batching ?? {};
    if (counted.files >= maxFiles || counted.bytes >= maxBytes) this.isFull = true;
  }
}
