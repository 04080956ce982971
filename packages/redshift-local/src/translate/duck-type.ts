import { RedshiftError } from '../redshift-error.ts';
import { type GroupNode, isGroup, isWord, type SqlNode, wordOf } from './token-tree.ts';

/** A type name read from a cast. */
export interface CastType {
  readonly duckType: string;
  /** Bytes to which the cast cuts the text; undefined when it does not. */
  readonly cutBytes: number | undefined;
  /** The cast is to SUPER: a value becomes a JSON scalar, text is not parsed. */
  readonly isSuper: boolean;
  readonly isText: boolean;
  /** What PostgreSQL calls the type; the name of an unnamed column that is a cast of a literal. */
  readonly label: string;
  /** Index of the first node after the type. */
  readonly next: number;
}

/** Longest VARCHAR in bytes. */
const VARCHAR_MAX = 65_535;
const CHAR_MAX = 4096;

const SIMPLE_TYPES: Readonly<Record<string, readonly [duckType: string, label: string]>> = {
  smallint: ['smallint', 'int2'],
  int2: ['smallint', 'int2'],
  int: ['integer', 'int4'],
  integer: ['integer', 'int4'],
  int4: ['integer', 'int4'],
  bigint: ['bigint', 'int8'],
  int8: ['bigint', 'int8'],
  real: ['real', 'float4'],
  float4: ['real', 'float4'],
  float: ['double', 'float8'],
  float8: ['double', 'float8'],
  boolean: ['boolean', 'bool'],
  bool: ['boolean', 'bool'],
  date: ['date', 'date'],
  timestamptz: ['timestamptz', 'timestamptz'],
  timetz: ['timetz', 'timetz'],
  interval: ['interval', 'interval'],
  varbyte: ['blob', 'varbyte'],
  varbinary: ['blob', 'varbyte'],
  oid: ['bigint', 'oid'],
  name: ['varchar', 'name'],
  regclass: ['varchar', 'regclass'],
};

/**
 * Reads a Redshift type name at `at`, as a cast has it.
 *
 * FLOAT is eight bytes wide in Redshift and four in DuckDB; a NUMERIC without digits has scale 0 in Redshift and 3 in
 * DuckDB. An explicit cast to VARCHAR(n) cuts at n bytes; DuckDB would ignore the length.
 *
 * @throws RedshiftError `type "x" does not exist`.
 */
export function readCastType(nodes: readonly SqlNode[], at: number): CastType {
  const word = wordOf(nodes[at]);
  if (word === undefined)
    throw new RedshiftError('syntax error: a type name is missing', { sqlState: '42601' });
  let next = at + 1;
  const takeWord = (...words: string[]): boolean => {
    if (!isWord(nodes[next], ...words)) return false;
    next += 1;
    return true;
  };
  const takeArguments = (): number[] => {
    const group = nodes[next];
    if (!isGroup(group, '(')) return [];
    next += 1;
    return readNumbers(group, word);
  };
  const type = (duckType: string, label: string): CastType => ({
    duckType,
    cutBytes: undefined,
    isSuper: false,
    isText: false,
    label,
    next,
  });
  const text = (length: number | undefined, label: string): CastType => ({
    ...type('varchar', label),
    cutBytes: length,
    isText: true,
  });
  switch (word) {
    case 'double':
      takeWord('precision');
      return type('double', 'float8');
    case 'numeric':
    case 'decimal': {
      const [precision = 18, scale = 0] = takeArguments();
      if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
        throw new RedshiftError(`NUMERIC precision ${precision} must be between 1 and 38`, {
          sqlState: '22023',
        });
      }
      return type(`decimal(${precision},${scale})`, 'numeric');
    }
    case 'timestamp':
    case 'time': {
      const hasZone = (takeWord('with', 'without') ? isWord(nodes[next - 1], 'with') : false) === true;
      if (isWord(nodes[next - 1], 'with', 'without')) {
        takeWord('time');
        takeWord('zone');
      }
      const label = hasZone ? `${word}tz` : word;
      return type(label, label);
    }
    case 'varchar':
    case 'nvarchar': {
      return text(readLength(takeArguments()[0], VARCHAR_MAX, 'varchar'), 'varchar');
    }
    case 'text':
      return text(undefined, 'text');
    case 'bpchar':
      return text(undefined, 'bpchar');
    case 'char':
    case 'nchar':
    case 'character':
    case 'national': {
      if (word === 'national') takeWord('character', 'char');
      if (takeWord('varying')) return text(readLength(takeArguments()[0], VARCHAR_MAX, 'varchar'), 'varchar');
      return text(readLength(takeArguments()[0] ?? 1, CHAR_MAX, 'char'), 'bpchar');
    }
    case 'binary':
      takeWord('varying');
      takeArguments();
      return type('blob', 'varbyte');
    case 'super':
      return { ...type('json', 'super'), isSuper: true };
    default: {
      const simple = SIMPLE_TYPES[word];
      if (!simple) throw new RedshiftError(`type "${word}" does not exist`, { sqlState: '42704' });
      if (word === 'varbyte' || word === 'varbinary' || word === 'float') takeArguments();
      return type(simple[0], simple[1]);
    }
  }
}

/** True when the word can begin a type name: tells CONVERT(type, x) and `DATE '…'`. */
export function isTypeName(word: string | undefined): boolean {
  if (word === undefined) return false;
  return word in SIMPLE_TYPES || COMPOUND_TYPES.has(word);
}

const COMPOUND_TYPES = new Set(
  'double numeric decimal timestamp time varchar nvarchar text bpchar char nchar character national binary super'.split(
    ' ',
  ),
);

function readLength(length: number | undefined, max: number, name: string): number | undefined {
  if (length === undefined) return undefined;
  if (length < 1 || length > max) {
    throw new RedshiftError(`length for type ${name} cannot exceed ${max}`, { sqlState: '22023' });
  }
  return length;
}

function readNumbers(group: GroupNode, typeName: string): number[] {
  const numbers: number[] = [];
  for (const node of group.children) {
    if (node.kind === 'leaf' && node.token.kind === 'number') numbers.push(Number(node.token.text));
    else if (isWord(node, 'max')) numbers.push(typeName.includes('var') ? VARCHAR_MAX : CHAR_MAX);
  }
  return numbers;
}
