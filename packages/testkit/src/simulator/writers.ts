import { type AnnouncedObject, type ObjectInfo, readLot, ulid } from '@millrace/core';
import type { Courier } from './courier.ts';
import type { Deployment } from './deployment.ts';
import type { Dice } from './dice.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { Lake, LakePlace } from './lake.ts';
import { DELETION, type LakeRow } from './lake-file.ts';
import { isGrouped, MARKER, type SimulatedLane } from './lane-kind.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';

export interface WritersParts {
  readonly lanes: readonly SimulatedLane[];
  readonly lake: Lake;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly faults: FaultPlan;
  readonly courier: Courier;
  readonly deployment: Deployment;
  readonly story: Story;
}

/** Keys of a merge target's rows: few, so that files meet. */
const KEYS = 12;

/** How often a file comes at the moment when its lane is found empty. */
const SURPRISES = 0.2;

/** Whoever writes to the lake: announces what is written, mostly; and writes again, deletes and puts back. */
export class Writers {
  readonly #parts: WritersParts;
  readonly #lots: (readonly LakePlace[])[] = [];

  constructor(parts: WritersParts) {
    this.#parts = parts;
  }

  /** A new file; and by chance, later, what its writer makes of it then. */
  async write(
    lane: SimulatedLane,
    { isAnnouncedAtOnce = false }: { isAnnouncedAtOnce?: boolean } = {},
  ): Promise<LakePlace> {
    const { lake, scheduler, dice, faults } = this.#parts;
    const place = lake.newPlace(lane);
    const isBad = !faults.isCalm && dice.chance(lane.badRate);
    await this.#writeVersion(place, { isBad, isAnnouncedAtOnce });
    const later = (body: () => Promise<void>): void =>
      scheduler.after(dice.int(5, 90_000), () => void body());
    this.#markLater(place);
    if (faults.isCalm) return place;
    if (dice.chance(lane.rewriteRate)) later(() => this.#rewrite(place));
    if (dice.chance(lane.deleteRate)) later(() => this.#remove(place));
    if (dice.chance(0.05)) later(() => this.#touch(place));
    return place;
  }

  /**
   * One piece of a stream: a file for each lane of the group, sealed together, and announced one by one: what is lost of that is
   * announced again, as whoever finishes a seal does.
   */
  async writeLot(): Promise<void> {
    const { lanes, lake, scheduler, dice } = this.#parts;
    const grouped = lanes.filter(({ kind }) => isGrouped(kind));
    if (grouped.length === 0) return;
    const lot = ulid(scheduler.now, dice.bytes(16));
    const places = lake.newLot(grouped, lot);
    for (const place of places) await lake.write(place, this.#rowsOf(place), { isBad: false });
    await lake.markLot(lot, places);
    await this.#announceLot(places);
    this.#lots.push(places);
    scheduler.after(dice.int(20_000, 60_000), () => void this.#announceLot(places));
  }

  /** What of seals is not loaded is announced once more, as whoever finishes a seal does until it is done. */
  async announceLots(isLoaded: (target: string, fileId: string) => boolean): Promise<void> {
    for (const places of this.#lots) {
      const left = places.filter(
        ({ lane, versions }) => !versions.every(({ fileId }) => isLoaded(lane.definition.name, fileId)),
      );
      await this.#announceLot(left);
    }
  }

  async #announceLot(places: readonly LakePlace[]): Promise<void> {
    const { lake, scheduler, dice } = this.#parts;
    for (const place of places) {
      const info = await lake.look(place);
      if (info !== undefined) scheduler.after(dice.int(1, 3_000), () => this.#announce(place, info));
    }
  }

  /** Whoever wrote bad files of partitions writes them anew: they would hold these for ever. @returns whether there were any. */
  async mend(): Promise<boolean> {
    const { lake } = this.#parts;
    let isMended = false;
    for (const place of lake.places.values()) {
      const isBad = place.versions.at(-1)?.isBad === true && (await lake.isThere(place));
      if (place.lane.kind !== 'partitioned' || !isBad) continue;
      await this.#writeVersion(place, { isBad: false });
      isMended = true;
    }
    return isMended;
  }

  /** Somebody says that the partition of a file is whole, where anybody does: once, whatever comes later. */
  #markLater({ lane, at }: LakePlace): void {
    const { lake, scheduler, courier, deployment } = this.#parts;
    if (lane.definition.partition?.ready.kind !== 'marker') return;
    const marker = { bucket: at.bucket, key: at.key.slice(0, at.key.lastIndexOf('/') + 1) + MARKER };
    const mark = async (): Promise<void> => {
      const info = await lake.mark(marker);
      if (info !== undefined) courier.deliver(() => deployment.notify([noticeOf(info)]));
    };
    // Of one partition in two the first file alone brings it, some time after.
    scheduler.after(at.key.length % 2 === 0 ? 10 : 20_000, () => void mark());
  }

  /** A file that comes, and is announced at once, when a worker is about to let its lane sleep. */
  surprise(target: string): void {
    const { lanes, scheduler, dice, faults } = this.#parts;
    const lane = lanes.find(({ definition }) => definition.name === target);
    if (lane === undefined || faults.isCalm || !dice.chance(SURPRISES)) return;
    scheduler.after(1, () => void this.write(lane, { isAnnouncedAtOnce: true }));
  }

  /** A job that reads these files is about to run: the worst moment to touch one of them. */
  meddle(urls: readonly string[]): void {
    const { lake, scheduler, dice, faults } = this.#parts;
    if (faults.isCalm || urls.length === 0 || !dice.chance(0.3)) return;
    const place = lake.places.get(dice.pick(urls));
    // Nobody touches what a consumer has written.
    if (place === undefined || readLot(place.at) !== undefined) return;
    const withinMs = dice.pick([50, 1_000, 10_000]);
    const soon = (body: () => Promise<void>): void =>
      scheduler.after(dice.int(1, withinMs), () => void body());
    if (dice.chance(place.lane.rewriteRate)) soon(() => this.#rewrite(place));
    if (dice.chance(2 * place.lane.deleteRate)) soon(() => this.#remove(place));
  }

  async #rewrite(place: LakePlace): Promise<void> {
    const { lake, dice, faults } = this.#parts;
    faults.note('object-rewritten');
    const [first] = place.versions;
    const isBack = place.versions.length > 1 && first !== undefined && dice.chance(0.3);
    if (isBack) {
      this.#announce(place, await lake.writeAgain(place, first));
    } else {
      await this.#writeVersion(place, { isBad: false });
    }
  }

  /** The same bytes once more. */
  async #touch(place: LakePlace): Promise<void> {
    const { lake } = this.#parts;
    const version = place.versions.at(-1);
    if (version !== undefined && (await lake.isThere(place))) {
      this.#announce(place, await lake.writeAgain(place, version));
    }
  }

  async #remove(place: LakePlace): Promise<void> {
    const { lake, scheduler, dice, faults, story } = this.#parts;
    if (!(await lake.remove(place))) return;
    faults.note('object-deleted');
    story.tell(() => `writer deletes ${place.url}`);
    const version = place.versions.at(-1);
    if (version === undefined || !dice.chance(0.5)) return;
    scheduler.after(dice.int(5, 120_000), () => {
      void lake.writeAgain(place, version).then((info) => this.#announce(place, info));
    });
  }

  async #writeVersion(
    place: LakePlace,
    { isBad, isAnnouncedAtOnce = false }: { isBad: boolean; isAnnouncedAtOnce?: boolean },
  ): Promise<void> {
    const { lake } = this.#parts;
    const info = await lake.write(place, this.#rowsOf(place), { isBad });
    this.#announce(place, info);
    if (isAnnouncedAtOnce) this.#parts.deployment.notify([noticeOf(info)]);
  }

  #rowsOf(place: LakePlace): readonly LakeRow[] {
    const { dice } = this.#parts;
    const name = `${place.at.key}#${place.versions.length}`;
    return Array.from({ length: dice.int(1, 3) }, (_, index): LakeRow => {
      const isMerged = place.lane.kind === 'upsert' || place.lane.kind === 'group-dimensions';
      const isDead = isMerged && dice.chance(0.15);
      return {
        k: `k${dice.int(1, KEYS)}`,
        at: dice.int(1, 400),
        v: `${name}.${index}`,
        op: isDead ? DELETION : 'U',
      };
    });
  }

  #announce(place: LakePlace, info: ObjectInfo): void {
    const { courier, deployment, story } = this.#parts;
    story.tell(() => {
      const version = place.versions.at(-1);
      return `writer writes ${place.url} ETag ${info.etag} (${version?.isBad ? 'bad' : 'good'}, ${version?.rows.length} rows)`;
    });
    courier.deliver(() => deployment.notify([noticeOf(info)]));
  }
}

function noticeOf({ bucket, key, etag, size, lastModifiedAt }: ObjectInfo): AnnouncedObject {
  return { bucket, key, etag, size, writtenAt: lastModifiedAt };
}
