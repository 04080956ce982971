import type { LoadFile } from '../file/load-file.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { ColumnShape } from '../ports/file-shapes.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { isMark, isReserved } from './column-roles.ts';
import { type ColumnType, MAX_TEXT_BYTES, widthOf } from './column-type.ts';
import { textBytes, typeFor } from './type-for.ts';

/** One change of a table, and the first file that asked for it. */
export type TableChange = (
  | { readonly kind: 'add'; readonly type: ColumnType }
  /** `from`: the type as the catalog says it. */
  | { readonly kind: 'widen'; readonly bytes: number; readonly from: string }
) & { readonly column: string; readonly file: Pick<LoadFile, 'id' | 'url'> };

/** A column that the table may not get, and why. */
export interface RefusedColumn {
  readonly file: LoadFile;
  readonly column: string;
  readonly reason: string;
  readonly hint: string;
}

export interface Evolution {
  /** In the order in which they are made: by file, then by column. */
  readonly changes: readonly TableChange[];
  /** The first of each file that has any. Their files ask for no change. */
  readonly refused: readonly RefusedColumn[];
}

export interface ShapedLoadFile {
  readonly file: LoadFile;
  readonly columns: readonly ColumnShape[];
}

/** Redshift's longest name, in bytes (AWS docs). */
export const MAX_NAME_BYTES = 127;

/**
 * What a name has that was not written as it is read: a file in UTF-16 has zeros between its letters, and one in Latin-1 bytes
 * that stand for nothing. No warehouse takes the one, and the other would be a column of the table for ever.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const UNREADABLE = /[\u0000\uFFFD]/u;

/**
 * What a table needs to take files: columns that it lacks, and longer texts. Never a narrower column, never another type. Pure.
 *
 * A tombstone's mark that the table does not have is not added to it.
 */
export function planEvolution(
  files: readonly ShapedLoadFile[],
  {
    definition,
    tableColumns,
    maxNameBytes = MAX_NAME_BYTES,
  }: {
    definition: Pick<TargetDefinition, 'drift' | 'rule'>;
    tableColumns: readonly TableColumn[];
    maxNameBytes?: number | undefined;
  },
): Evolution {
  const { drift: policy, rule } = definition;
  if (policy?.evolves !== true) return { changes: [], refused: [] };
  const isOurs = (name: string): boolean => isReserved(name, definition);
  const table = new Map(tableColumns.map((column) => [column.name, column]));
  const own = tableColumns.filter(({ name }) => !isOurs(name));
  const refused: RefusedColumn[] = [];
  const taken: ShapedLoadFile[] = [];
  const added = new Map<string, ColumnShape>();
  for (const one of files) {
    const missing = one.columns.filter(
      ({ name }) => isOurs(name) || (!table.has(name) && !isMark(name, rule)),
    );
    const room = policy.maxColumns - own.length;
    const problem = refusal(missing, { isReserved: isOurs, room, added, maxNameBytes });
    if (problem !== undefined) {
      refused.push({ file: one.file, ...problem });
      continue;
    }
    taken.push(one);
    for (const shape of missing) {
      const known = added.get(shape.name);
      added.set(shape.name, known === undefined ? shape : united(known, shape));
    }
  }
  const changes = new Map<string, TableChange>();
  for (const { file, columns } of taken) {
    for (const shape of columns) {
      const { name: column } = shape;
      const lacking = added.get(column);
      if (lacking !== undefined && !changes.has(column)) {
        changes.set(column, { kind: 'add', column, file, type: typeFor(lacking, policy) });
      }
      const from = table.get(column)?.type;
      const width = from === undefined ? undefined : widthOf(from);
      if (from === undefined || width === undefined || shape.maxBytes <= width) continue;
      const known = changes.get(column);
      const bytes = Math.max(
        textBytes(shape.maxBytes, policy.headroom),
        known?.kind === 'widen' ? known.bytes : 0,
      );
      // What no column can take is left to COPY, which names the row; a column that is at its longest stays as it is.
      if (shape.maxBytes > MAX_TEXT_BYTES || bytes <= width) continue;
      changes.set(column, { kind: 'widen', column, bytes, from, file: known?.file ?? file });
    }
  }
  return { changes: [...changes.values()], refused };
}

function refusal(
  missing: readonly ColumnShape[],
  {
    isReserved,
    room,
    added,
    maxNameBytes,
  }: {
    isReserved: (name: string) => boolean;
    room: number;
    added: ReadonlyMap<string, unknown>;
    maxNameBytes: number;
  },
): Omit<RefusedColumn, 'file'> | undefined {
  for (const { name } of missing) {
    if (isReserved(name)) {
      return {
        column: name,
        reason: `the file has a column '${name}', which Millrace fills itself`,
        hint: 'give the column another name in the files',
      };
    }
    if (name.trim() === '' || Buffer.byteLength(name) > maxNameBytes) {
      return {
        column: name,
        reason: `'${name}' is no name for a column: names have 1 to ${maxNameBytes} bytes`,
        hint: 'give the column another name in the files',
      };
    }
    if (UNREADABLE.test(name) || !name.isWellFormed()) {
      return {
        column: name,
        reason: `'${name}' is no name for a column: it has characters that no text has`,
        hint: 'write the file in UTF-8, or say in ENCODING how it is written',
      };
    }
  }
  const mixed = missing.find(({ name }) => name !== name.toLowerCase());
  if (mixed !== undefined) {
    return {
      column: mixed.name,
      reason: `the file has a member '${mixed.name}', and COPY fills only columns whose names are in lower case from it`,
      hint: `write "format": {"kind": "json", "ignoreCase": true}, or the name in lower case`,
    };
  }
  const fresh = missing.filter(({ name }) => !added.has(name));
  const [first] = fresh;
  if (first === undefined || added.size + fresh.length <= room) return undefined;
  return {
    column: first.name,
    reason: `the file has ${fresh.length} columns that the table lacks, and with them it would have more than drift.maxColumns`,
    hint: "raise 'maxColumns' of its 'drift' and redrive the file, or write the file without them",
  };
}

/** A column as it is over two files. */
function united(one: ColumnShape, other: ColumnShape): ColumnShape {
  return {
    name: one.name,
    kinds: [...new Set([...one.kinds, ...other.kinds])],
    maxBytes: Math.max(one.maxBytes, other.maxBytes),
    wholeDigits: Math.max(one.wholeDigits, other.wholeDigits),
    scale: Math.max(one.scale, other.scale),
    digits: Math.max(one.digits, other.digits),
    ...(one.declared !== undefined && JSON.stringify(one.declared) === JSON.stringify(other.declared)
      ? { declared: one.declared }
      : {}),
  };
}
