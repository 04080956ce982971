import { MAX_VARCHAR_BYTES } from '../sql/parse-type.ts';
import { toDuckType } from './duck-type.ts';
import { quoteText } from './quote.ts';
import type { RedshiftType } from './table-info.ts';

/**
 * A DuckDB expression that gives `valueSql` the column's type as Redshift's INSERT and UPDATE do: lengths in bytes,
 * blanks beyond the limit cut, everything else beyond it an error; CHAR takes single-byte characters; numbers round.
 *
 * It is an expression and not a CHECK constraint: a constraint cannot cut blanks, would be paid a second time by
 * COPY (which has its own rules), and DuckDB refuses most ALTER TABLEs on tables that have one.
 *
 * @param from the type that the value was declared with, where that is known: a text that cannot be too long is not
 * looked at. For the small statements of a load job the look is most of the work, DuckDB's planning included.
 */
export function fitSql(valueSql: string, type: RedshiftType, from?: RedshiftType): string {
  switch (type.name) {
    case 'varchar':
      // The longest VARCHAR is also what texts are called of which nothing is known.
      if (from?.name === 'varchar' && from.length < MAX_VARCHAR_BYTES && from.length <= type.length)
        return valueSql;
      return fitLength(`CAST(${valueSql} AS VARCHAR)`, type.length, `character varying(${type.length})`);
    case 'char':
      return fitChar(`CAST(${valueSql} AS VARCHAR)`, type.length);
    case 'super':
      // A string becomes a SUPER string, and is not parsed: that is what JSON_PARSE is for.
      return `to_json(${valueSql})`;
    case 'smallint':
    case 'integer':
    case 'bigint':
      // DuckDB rounds the text '1.5' to 2, where Redshift wants digits and nothing else.
      return from?.name === 'varchar' || from?.name === 'char'
        ? `CAST(rs_system.whole(${valueSql}) AS ${toDuckType(type)})`
        : `CAST(${valueSql} AS ${toDuckType(type)})`;
    default:
      return `CAST(${valueSql} AS ${toDuckType(type)})`;
  }
}

/** `text` may be evaluated several times, so DuckDB's common subexpression elimination is what keeps this cheap. */
function fitLength(text: string, length: number, typeName: string): string {
  const trimmed = `rtrim(${text}, ' ')`;
  const cut = `${trimmed} || repeat(' ', ${length} - strlen(${trimmed}))`;
  const tooLong = `error(${quoteText(`value too long for type ${typeName}`)})`;
  return (
    `CASE WHEN strlen(${text}) > ${length}` +
    ` THEN CASE WHEN strlen(${trimmed}) > ${length} THEN ${tooLong} ELSE ${cut} END ELSE ${text} END`
  );
}

/** CHAR is kept without its padding, so that comparisons ignore trailing blanks as Redshift's do. */
function fitChar(text: string, length: number): string {
  const trimmed = `rtrim(${text}, ' ')`;
  return (
    `CASE WHEN strlen(${trimmed}) > ${length} THEN error(${quoteText(`value too long for type character(${length})`)})` +
    ` WHEN strlen(${trimmed}) <> length(${trimmed}) THEN error('CHAR string contains invalid ASCII character')` +
    ` ELSE ${trimmed} END`
  );
}
