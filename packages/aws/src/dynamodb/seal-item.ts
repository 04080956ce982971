import type { Seal, SealedChunk } from '@millrace/core';
import { type Item, number } from './table-layout.ts';

/** Chunks that one move registered and that are not announced: written in the seal, or in items of their own. */
export type Lot =
  | { readonly name: string; readonly place: 'inline'; readonly chunks: readonly SealedChunk[] }
  /** `by` names its items. */
  | { readonly name: string; readonly place: 'apart'; readonly by: string };

/** A seal as its item says it. */
export interface StoredSeal {
  readonly shard: string;
  readonly position: string | null;
  readonly isEnded: boolean;
  /** Grows by one with every move. */
  readonly version: number;
  /** Which attempt moved it last; null: none did. */
  readonly by: string | null;
  /** In the order in which they were registered. */
  readonly lots: readonly Lot[];
}

/** What the attributes of lots begin with. */
const LOT = 'lot#';
/** So many moves no shard sees: with as many digits for all, their order is that of the text. */
const VERSION_DIGITS = 12;

export function freshSeal(shard: string): StoredSeal {
  return { shard, position: null, isEnded: false, version: 0, by: null, lots: [] };
}

export function toStoredSeal(shard: string, item: Item): StoredSeal {
  const names = Object.keys(item).filter((name) => name.startsWith(LOT));
  return {
    shard,
    position: item.position?.S ?? null,
    isEnded: item.ended?.BOOL === true,
    version: number(item, 'version'),
    by: item.by?.S ?? null,
    lots: names.sort().map((name) => toLot(name, item)),
  };
}

export function toSeal({ shard, position, isEnded }: StoredSeal, chunks: readonly SealedChunk[]): Seal {
  return { shard, position, isEnded, chunks };
}

/** The attribute in which the move to a version registers its chunks. */
export function lotNameOf(version: number): string {
  return LOT + String(version).padStart(VERSION_DIGITS, '0');
}

function toLot(name: string, item: Item): Lot {
  const { S: text, M: apart } = item[name] ?? {};
  if (text !== undefined) return { name, place: 'inline', chunks: decodeChunks(text) };
  return { name, place: 'apart', by: apart?.by?.S ?? '' };
}

/** Chunks as a text: people may read it in the console, and it compares as a whole. */
export function encodeChunks(chunks: readonly SealedChunk[]): string {
  return JSON.stringify(
    chunks.map(({ bucket, key, etag, size, writtenAt, arrivedAt, rows }) => [
      bucket,
      key,
      etag,
      size,
      writtenAt,
      arrivedAt,
      rows,
    ]),
  );
}

export function decodeChunks(text: string): readonly SealedChunk[] {
  const rows = JSON.parse(text) as [string, string, string, number, number, number, number][];
  return rows.map(([bucket, key, etag, size, writtenAt, arrivedAt, rows]) => ({
    bucket,
    key,
    etag,
    size,
    writtenAt,
    arrivedAt,
    rows,
  }));
}
