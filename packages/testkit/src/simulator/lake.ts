import {
  chunkKeyOf,
  type EpochMs,
  fileIdOf,
  identityOf,
  lotKeyOf,
  type ObjectInfo,
  type ObjectRef,
  urlOf,
} from '@millrace/core';
import type { MemoryObjectStore } from '../memory/memory-object-store.ts';
import { type LakeRow, renderFile } from './lake-file.ts';
import { CONTROL, type SimulatedLane } from './lane-kind.ts';

/** One version of a file: what was written, and what became of it by its writer's hand. */
export interface LakeVersion {
  readonly fileId: string;
  readonly etag: string;
  readonly rows: readonly LakeRow[];
  readonly isBad: boolean;
  readonly writtenAt: EpochMs;
  /** The writer deleted it while it was the present one. */
  wasDeleted: boolean;
}

/** A key, and its versions by time; the same bytes again are the same version again. */
export interface LakePlace {
  readonly lane: SimulatedLane;
  readonly at: ObjectRef;
  readonly url: string;
  readonly versions: LakeVersion[];
}

/** Partitions of a lane that has some: few, so that each gets many files. */
const PARTITIONS = 4;

/** What was truly written: the checkers' side of the object store. */
export class Lake {
  readonly places = new Map<string, LakePlace>();
  readonly #objects: MemoryObjectStore;
  readonly #now: () => EpochMs;
  #versions = 0;

  constructor(objects: MemoryObjectStore, now: () => EpochMs) {
    this.#objects = objects;
    this.#now = now;
  }

  /** How many versions were written. */
  get versions(): number {
    return this.#versions;
  }

  placeOf(url: string): LakePlace | undefined {
    return this.places.get(url);
  }

  /** A place that nobody has written to yet. */
  newPlace(lane: SimulatedLane): LakePlace {
    const folder = lane.kind === 'partitioned' ? `p=${this.places.size % PARTITIONS}/` : '';
    const at = { bucket: lane.prefix.bucket, key: `${lane.prefix.key}${folder}f${this.places.size}.csv` };
    const place: LakePlace = { lane, at, url: urlOf(at), versions: [] };
    this.places.set(place.url, place);
    return place;
  }

  async write(
    place: LakePlace,
    rows: readonly LakeRow[],
    { isBad }: { isBad: boolean },
  ): Promise<ObjectInfo> {
    const info = await this.#put(place, renderFile(rows, { isBad }));
    const version: LakeVersion = {
      fileId: fileIdOf(identityOf(info)),
      etag: info.etag,
      rows,
      isBad,
      writtenAt: this.#now(),
      wasDeleted: false,
    };
    place.versions.push(version);
    this.#versions += 1;
    return info;
  }

  /** The same bytes once more: an earlier version that comes back, or the present one touched. */
  async writeAgain(place: LakePlace, version: LakeVersion): Promise<ObjectInfo> {
    const info = await this.#put(place, renderFile(version.rows, version));
    place.versions.splice(place.versions.indexOf(version), 1);
    place.versions.push({ ...version, writtenAt: this.#now(), wasDeleted: false });
    return info;
  }

  /** The files of one seal, one for each lane: places that nobody has written to yet, and the mark that names them all. */
  newLot(lanes: readonly SimulatedLane[], lot: string): readonly LakePlace[] {
    return lanes.map((lane, nth) => {
      const name = { target: lane.definition.name, columns: '0'.repeat(16) };
      const at = chunkKeyOf(CONTROL, name, { id: `${lot}-${nth}`, ending: '' });
      const place: LakePlace = { lane, at, url: urlOf(at), versions: [] };
      this.places.set(place.url, place);
      return place;
    });
  }

  async markLot(lot: string, places: readonly LakePlace[]): Promise<void> {
    const chunks = await Promise.all(places.map(({ at }) => this.#objects.head(at)));
    const text = JSON.stringify({ chunks: chunks.flatMap((info) => (info === undefined ? [] : [info])) });
    await this.#objects.write(lotKeyOf(CONTROL, lot), text);
  }

  /** An object beside the files, without anything in it. */
  async mark(at: ObjectRef): Promise<ObjectInfo | undefined> {
    return this.#objects.write(at, '', { ifAbsent: true });
  }

  /** The writer takes the object away. @returns false when it is not there (any more). */
  async remove(place: LakePlace): Promise<boolean> {
    const info = await this.#objects.head(place.at);
    const version = place.versions.at(-1);
    if (info === undefined || version === undefined || info.etag !== version.etag) return false;
    await this.#objects.delete(place.at, { ifMatch: info.etag });
    version.wasDeleted = true;
    return true;
  }

  /** What is in a place now. */
  look({ at }: LakePlace): Promise<ObjectInfo | undefined> {
    return this.#objects.head(at);
  }

  /** Whether the object is in its place now. */
  async isThere(place: LakePlace): Promise<boolean> {
    return (await this.#objects.head(place.at)) !== undefined;
  }

  async #put(place: LakePlace, text: string): Promise<ObjectInfo> {
    const info = await this.#objects.write(place.at, text);
    if (info === undefined) throw new Error(`${place.url} was not written`);
    return info;
  }
}
