import type { ResultColumn } from '../session/result.ts';

export interface ColumnMetadata {
  readonly columnDefault?: string;
  readonly isCaseSensitive: boolean;
  readonly isCurrency: boolean;
  readonly isSigned: boolean;
  readonly label: string;
  readonly length: number;
  readonly name: string;
  /** 0: NOT NULL, 1: nullable. */
  readonly nullable: number;
  readonly precision: number;
  readonly scale: number;
  readonly schemaName: string;
  readonly tableName: string;
  readonly typeName: string;
}

/** Digits that a type prints, and those behind its point, as the driver tells them. */
const SIZES: Readonly<Record<string, readonly [precision: number, scale: number]>> = {
  bool: [1, 0],
  int2: [5, 0],
  int4: [10, 0],
  int8: [19, 0],
  float4: [8, 8],
  float8: [17, 17],
  date: [13, 0],
  time: [15, 6],
  timetz: [21, 6],
  timestamp: [29, 6],
  timestamptz: [35, 6],
};

const SIGNED: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric']);
const TEXT: ReadonlySet<string> = new Set(['varchar', 'bpchar', 'char']);

/** A column of a result. A query does not tell from which table it comes, nor whether it can be NULL. */
export function toColumnMetadata({ name, type, precision, scale }: ResultColumn): ColumnMetadata {
  return describe({
    name,
    typeName: type,
    ...(precision === undefined ? {} : { precision, scale: scale ?? 0 }),
  });
}

/** A column of a table, as Redshift's metadata views tell it. */
export interface TableColumnFacts {
  readonly name: string;
  /** `character varying`, `timestamp without time zone` … */
  readonly dataType: string;
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly isNullable: boolean;
  readonly columnDefault: string | null;
  readonly schema: string;
  readonly table: string;
}

/** A column of a table, as DescribeTable tells it. */
export function toTableColumnMetadata(column: TableColumnFacts): ColumnMetadata {
  const { name, dataType, length, precision, scale, isNullable, columnDefault, schema, table } = column;
  return {
    ...describe({
      name,
      typeName: DRIVER_NAMES[dataType] ?? dataType,
      ...(dataType === 'numeric' ? { precision: precision ?? 18, scale: scale ?? 0 } : {}),
      ...(length === null ? {} : { length }),
    }),
    ...(columnDefault === null ? {} : { columnDefault }),
    nullable: isNullable ? 1 : 0,
    schemaName: schema,
    tableName: table,
  };
}

const DRIVER_NAMES: Readonly<Record<string, string>> = {
  smallint: 'int2',
  integer: 'int4',
  bigint: 'int8',
  real: 'float4',
  'double precision': 'float8',
  boolean: 'bool',
  character: 'bpchar',
  'character varying': 'varchar',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
};

function describe({
  name,
  typeName,
  precision,
  scale,
  length = 0,
}: {
  name: string;
  typeName: string;
  precision?: number;
  scale?: number;
  length?: number;
}): ColumnMetadata {
  const [digits, fraction] = SIZES[typeName] ?? [length, 0];
  return {
    isCaseSensitive: TEXT.has(typeName),
    isCurrency: false,
    isSigned: SIGNED.has(typeName),
    label: name,
    length,
    name,
    nullable: 1,
    precision: precision ?? digits,
    scale: scale ?? fraction,
    schemaName: '',
    tableName: '',
    typeName,
  };
}
