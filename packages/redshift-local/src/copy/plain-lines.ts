import { isUtf8 } from 'node:buffer';
import type { CopyOptions } from '@millrace/core';
import type { ColumnInfo } from '../catalog/table-info.ts';
import { NOT_PLAIN, nullEnd, type PlainValue, plainScalar, plainValueOf, textEnd } from './plain-value.ts';
import { MAX_ROW_BYTES } from './text-record.ts';

/** A table's columns and as many more: lines with more names are none of a machine's. */
const MAX_MEMBERS = 3_200;

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;

interface Member {
  /** `"name":` */
  readonly key: Buffer;
  readonly value: PlainValue;
  /** The words of four bytes that the key is made of, the last one overlapping; none of a short key. */
  readonly words: Uint32Array;
  readonly takesNull: boolean;
}

/**
 * Knows lines of JSON as a program writes them: one flat object each, its members in the same order in every line, though
 * some may be left out, with plain values. Of these DuckDB's reader passes nothing over and makes nothing else of
 * anything, so that it may read them straight into the types of the table.
 *
 * What is not plain need not be bad: it is looked at in another way.
 */
export class PlainLines {
  readonly #fields: readonly ColumnInfo[];
  readonly #options: CopyOptions;
  readonly #required: number;
  /** All that were seen so far, in their order. */
  readonly #members: Member[] = [];

  constructor(fields: readonly ColumnInfo[], options: CopyOptions) {
    this.#fields = fields;
    this.#options = options;
    this.#required = fields.filter(({ isNullable }) => !isNullable).length;
  }

  /** How many lines these are, or undefined when one of them is not plain. The last byte, if any, is a line feed. */
  count(bytes: Buffer): number | undefined {
    if (bytes.length === 0) return 0;
    if (bytes.at(-1) !== LINE_FEED || !isUtf8(bytes)) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let lines = 0;
    for (let at = 0; at < bytes.length; lines += 1) {
      const end = this.#lineEnd(view, bytes, at);
      if (end === NOT_PLAIN || end - at > MAX_ROW_BYTES) return undefined;
      at = end;
    }
    return lines;
  }

  /** Where the next line begins. */
  #lineEnd(view: DataView, bytes: Buffer, start: number): number {
    if (bytes[start] !== OPEN) return NOT_PLAIN;
    let at = start;
    let required = 0;
    let index = 0;
    do {
      at += 1;
      if (bytes[at] === SPACE) at += 1;
      index = this.#memberAt(view, bytes, at, index);
      const member = this.#members[index];
      if (member === undefined) return NOT_PLAIN;
      index += 1;
      if (!member.takesNull) required += 1;
      at += member.key.length;
      if (bytes[at] === SPACE) at += 1;
      at = bytes[at] === 0x6e && member.takesNull ? nullEnd(bytes, at) : member.value(bytes, at);
      if (at === NOT_PLAIN) return NOT_PLAIN;
    } while (bytes[at] === COMMA);
    if (bytes[at] !== CLOSE || required < this.#required) return NOT_PLAIN;
    at += bytes[at + 1] === RETURN ? 2 : 1;
    return bytes[at] === LINE_FEED ? at + 1 : NOT_PLAIN;
  }

  /** The member whose name stands here, from `index` on; a name that was never seen takes its place there. */
  #memberAt(view: DataView, bytes: Buffer, at: number, index: number): number {
    const members = this.#members;
    for (let next = index; next < members.length; next += 1) {
      if (startsWith(view, bytes, at, members[next] as Member)) return next;
    }
    const member = this.#newMember(bytes, at);
    if (member === undefined) return NOT_PLAIN;
    members.splice(index, 0, member);
    return index;
  }

  #newMember(bytes: Buffer, at: number): Member | undefined {
    if (bytes[at] !== QUOTE || this.#members.length === MAX_MEMBERS) return undefined;
    const end = textEnd(bytes, at + 1);
    if (end === NOT_PLAIN || bytes[end + 1] !== COLON) return undefined;
    const key = Buffer.from(bytes.subarray(at, end + 2));
    // A name with an escape may be that of a column all the same; a name out of its order may be there twice.
    if (key.includes('\\') || this.#members.some((member) => member.key.equals(key))) return undefined;
    const name = bytes.toString('utf8', at + 1, end);
    const column = this.#fields.find((field) => field.name === name);
    const value = (column && plainValueOf(column, this.#options)) ?? plainScalar;
    return { key, words: wordsOf(key), value, takesNull: column?.isNullable ?? true };
  }
}

/** Word by word: the names are half of all bytes. */
function startsWith(view: DataView, bytes: Buffer, at: number, { key, words }: Member): boolean {
  if (at + key.length > bytes.length) return false;
  const last = words.length - 1;
  for (let word = 0; word < last; word += 1) {
    if (view.getUint32(at + word * 4, true) !== words[word]) return false;
  }
  if (last >= 0) return view.getUint32(at + key.length - 4, true) === words[last];
  for (let place = 0; place < key.length; place += 1) {
    if (bytes[at + place] !== key[place]) return false;
  }
  return true;
}

function wordsOf(key: Buffer): Uint32Array {
  if (key.length < 4) return new Uint32Array();
  const count = Math.ceil(key.length / 4);
  return Uint32Array.from({ length: count }, (_, word) =>
    key.readUInt32LE(Math.min(word * 4, key.length - 4)),
  );
}
