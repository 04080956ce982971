import type { DuckDBType } from '@duckdb/node-api';
import { DuckDBTypeId } from '@duckdb/node-api';
import { quoteName, quoteText } from '../catalog/quote.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { UnloadStatement } from './parse-unload.ts';

/** A column of the unloaded result. */
export interface UnloadColumn {
  readonly name: string;
  readonly type: DuckDBType;
}

/** The select list of a file and the options of DuckDB's COPY … TO that write it as Redshift would. */
export interface FileRendering {
  readonly selectList: string;
  readonly options: readonly string[];
}

/** How the unload's files are written. */
export function renderFile(unload: UnloadStatement, columns: readonly UnloadColumn[]): FileRendering {
  const partitions = unload.partitionBy.map((name) => findColumn(columns, name));
  const written = unload.includesPartitions
    ? columns
    : columns.filter((column) => !partitions.includes(column));
  if (written.length === 0) throw new RedshiftError('UNLOAD has no column left beside those of PARTITION BY');
  const partitionColumns = partitions.map(
    ({ name }, at) => `${quoteName(name)} as ${quoteName(hiveName(at))}`,
  );
  const { fields, options } = renderFormat(unload, written);
  return {
    selectList: [...fields, ...partitionColumns].join(', '),
    options: [...options, ...compression(unload)],
  };
}

/**
 * Partition columns get names of their own below DuckDB, so that the same column can also be in the file. The
 * directories carry these names until the files are uploaded.
 */
export function hiveName(at: number): string {
  return `rs_partition_${at}`;
}

/** @throws RedshiftError when there is no such column. */
export function findColumn(columns: readonly UnloadColumn[], name: string): UnloadColumn {
  const column = columns.find((candidate) => candidate.name.toLowerCase() === name);
  if (!column)
    throw new RedshiftError(`Partition column "${name}" does not exist in the UNLOAD query`, {
      sqlState: '42703',
    });
  return column;
}

function renderFormat(
  unload: UnloadStatement,
  columns: readonly UnloadColumn[],
): { fields: string[]; options: string[] } {
  const { format } = unload;
  switch (format.kind) {
    case 'csv': {
      const fields = columns.map(
        (column) => `${asText(column, unload.nullText)} as ${quoteName(column.name)}`,
      );
      const quoting = `DELIMITER ${quoteText(format.delimiter)}, QUOTE '"', ESCAPE '"'`;
      return { fields, options: ['FORMAT csv', quoting, `HEADER ${unload.hasHeader}`, "NULLSTR ''"] };
    }
    case 'json': {
      const values = columns.map((column) => `${asValue(column)} as ${quoteName(column.name)}`);
      if (unload.partitionBy.length === 0) return { fields: values, options: ['FORMAT json'] };
      // DuckDB's JSON writer knows no partitions.
      const members = columns.map((column) => `${quoteName(column.name)} := ${asValue(column)}`);
      return {
        fields: [`cast(to_json(struct_pack(${members.join(', ')})) as varchar) as "line"`],
        options: [...LINES, 'HEADER false'],
      };
    }
    case 'parquet':
      return {
        fields: columns.map((column) => asValue(column)),
        options: ['FORMAT parquet', 'COMPRESSION snappy'],
      };
    case 'delimited':
    case 'fixed-width': {
      const { line, header } = renderLine(unload, columns);
      const options = ['FORMAT csv', "QUOTE ''", "ESCAPE ''", "DELIMITER ','", "NULLSTR ''"];
      return {
        fields: [`${line} as ${quoteName(header)}`],
        options: [...options, `HEADER ${unload.hasHeader}`],
      };
    }
  }
}

/** Lines that are complete already: DuckDB's CSV writer with nothing to quote. */
const LINES = ['FORMAT csv', "QUOTE ''", "ESCAPE ''", "DELIMITER ','", "NULLSTR ''"];

/** A whole line as one text: DuckDB's writer knows neither Redshift's escapes nor fixed widths. */
function renderLine(
  unload: UnloadStatement,
  columns: readonly UnloadColumn[],
): { line: string; header: string } {
  const { format, nullText = '' } = unload;
  if (format.kind === 'fixed-width') {
    if (format.widths.length !== columns.length) {
      throw new RedshiftError(
        `FIXEDWIDTH names ${format.widths.length} columns, the query has ${columns.length}`,
        { sqlState: '42601' },
      );
    }
    const fields = columns.map((column, at) => {
      const text = `coalesce(${asText(column, undefined)}, ${quoteText(nullText)})`;
      // Numbers stand right in their field, text left; what is longer is cut.
      const pad = isNumeric(column) ? 'lpad' : 'rpad';
      return `${pad}(${text}, ${format.widths[at]}, ' ')`;
    });
    return { line: fields.join(' || '), header: 'line' };
  }
  if (format.kind !== 'delimited') throw new RedshiftError(`${format.kind} is not a line format`);
  const { delimiter, addQuotes, escapes } = format;
  const separator = ` || ${quoteText(delimiter)} || `;
  const fields = columns.map((column) => {
    let text = asText(column, undefined);
    if (escapes && isText(column)) text = escaped(text, delimiter, addQuotes);
    if (addQuotes) text = `'"' || ${text} || '"'`;
    return `coalesce(${text}, ${quoteText(nullText)})`;
  });
  const names = columns.map(({ name }) => (addQuotes ? `"${name}"` : name));
  return { line: fields.join(separator), header: names.join(delimiter) };
}

/** ESCAPE: a backslash before what would end the field or the line. */
function escaped(text: string, delimiter: string, addQuotes: boolean): string {
  const marks = ['\\', '\n', '\r', delimiter, ...(addQuotes ? ['"', "'"] : [])];
  return marks.reduce((sql, mark) => `replace(${sql}, ${quoteText(mark)}, ${quoteText(`\\${mark}`)})`, text);
}

/** A column as text for CSV and lines: booleans are t and f, bytes hexadecimal. */
function asText({ name, type }: UnloadColumn, nullText: string | undefined): string {
  const column = quoteName(name);
  const text =
    type.typeId === DuckDBTypeId.BOOLEAN
      ? `case when ${column} then 't' when not ${column} then 'f' end`
      : type.typeId === DuckDBTypeId.BLOB
        ? `lower(hex(${column}))`
        : type.typeId === DuckDBTypeId.DOUBLE || type.typeId === DuckDBTypeId.FLOAT
          ? `rs_system.as_text(${column})`
          : `cast(${column} as varchar)`;
  return nullText === undefined ? text : `coalesce(${text}, ${quoteText(nullText)})`;
}

/** A column for JSON and Parquet: DuckDB's sums are wider than any Redshift integer. */
function asValue({ name, type }: UnloadColumn): string {
  const column = quoteName(name);
  return type.typeId === DuckDBTypeId.HUGEINT ? `cast(${column} as bigint)` : column;
}

function compression(unload: UnloadStatement): string[] {
  return unload.compression === undefined ? [] : [`COMPRESSION ${unload.compression}`];
}

const NUMERIC_TYPES = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
]);

function isNumeric({ type }: UnloadColumn): boolean {
  return NUMERIC_TYPES.has(type.typeId);
}

function isText({ type }: UnloadColumn): boolean {
  return type.typeId === DuckDBTypeId.VARCHAR;
}
