import type { RedshiftType } from './table-info.ts';

/** The DuckDB type that holds a Redshift type. CHAR and VARCHAR lengths are kept by `fitSql`, SUPER is DuckDB's JSON. */
export function toDuckType(type: RedshiftType): string {
  switch (type.name) {
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'boolean':
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return type.name.toUpperCase();
    case 'real':
      return 'FLOAT';
    case 'double precision':
      return 'DOUBLE';
    case 'numeric':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'char':
    case 'varchar':
    case 'geometry':
    case 'hllsketch':
      return 'VARCHAR';
    case 'super':
      return 'JSON';
    case 'varbyte':
      return 'BLOB';
  }
}

/** The type as Redshift's metadata words it: `character varying(3)`, `numeric(8,2)`, `timestamp without time zone`. */
export function formatType(type: RedshiftType): string {
  switch (type.name) {
    case 'numeric':
      return `numeric(${type.precision},${type.scale})`;
    case 'char':
      return `character(${type.length})`;
    case 'varchar':
      return `character varying(${type.length})`;
    case 'time':
    case 'timestamp':
      return `${type.name} without time zone`;
    case 'timetz':
      return 'time with time zone';
    case 'timestamptz':
      return 'timestamp with time zone';
    default:
      return type.name;
  }
}
