import { RedshiftError } from '../redshift-error.ts';

/** What the failing statement was about, for the words of the error. */
export interface ErrorContext {
  /** Names of the tables that the statement reads or writes, in its order. */
  readonly tables: readonly string[];
}

interface ErrorRule {
  readonly pattern: RegExp;
  readonly sqlState: string;
  readonly message: (match: readonly string[], context: ErrorContext) => string;
}

const INTEGER_TYPES: Readonly<Record<string, string>> = {
  INT8: 'smallint',
  INT16: 'smallint',
  INT32: 'integer',
  INT64: 'bigint',
  INT128: 'bigint',
};

/** Types in DuckDB's messages, as Redshift's messages call them. */
function typeWord(duckType: string): string {
  if (duckType.startsWith('DECIMAL')) return 'numeric';
  const words: Readonly<Record<string, string>> = {
    BOOL: 'boolean', DOUBLE: 'double precision', FLOAT: 'real', VARCHAR: 'character varying', HUGEINT: 'bigint',
  }; // biome-ignore format: a word list
  return INTEGER_TYPES[duckType] ?? words[duckType] ?? duckType.toLowerCase();
}

/** The only place that knows how DuckDB words its errors, and how Redshift does. First match wins. */
const RULES: readonly ErrorRule[] = [
  { pattern: /^Parser Error: syntax error at or near "(.*?)"/su, sqlState: '42601', message: ([, near]) => `syntax error at or near "${near}"` },
  { pattern: /^Parser Error: syntax error at end of input/u, sqlState: '42601', message: () => 'syntax error at end of input' },
  { pattern: /^Parser Error: ([^\n]*)/u, sqlState: '42601', message: ([, text]) => `syntax error: ${text}` },
  { pattern: /because schema "([^"]*)" does not exist/u, sqlState: '3F000', message: ([, schema]) => `schema "${schema}" does not exist` },
  { pattern: /^Catalog Error: Table with name "?([^"\s]+)"? does not exist/u, sqlState: '42P01', message: ([, name]) => `relation "${name}" does not exist` },
  { pattern: /(?:Table|View) with name "?([^"\s]+)"? already exists/u, sqlState: '42P07', message: ([, name]) => `Relation "${name}" already exists` },
  { pattern: /Schema with name "?([^"\s]+)"? already exists/u, sqlState: '42P06', message: ([, name]) => `Schema "${name}" already exists` },
  { pattern: /Referenced column "([^"]*)" (?:was )?not found/u, sqlState: '42703', message: ([, column], { tables }) => `column "${column}" does not exist${tables.length > 0 ? ` in ${tables.join(', ')}` : ''}` },
  { pattern: /Table "([^"]*)" does not have a column (?:named|with name) "([^"]*)"/u, sqlState: '42703', message: ([, table, column]) => `column "${column}" does not exist in ${table}` },
  { pattern: /Values list "([^"]*)" does not have a column named "([^"]*)"/u, sqlState: '42703', message: ([, table, column]) => `column "${column}" does not exist in ${table}` },
  { pattern: /Referenced table "([^"]*)" not found/u, sqlState: '42P01', message: ([, table]) => `missing FROM-clause entry for table "${table}"` },
  { pattern: /Ambiguous reference to (?:column name|table) "([^"]*)"/u, sqlState: '42702', message: ([, column]) => `column reference "${column}" is ambiguous` },
  { pattern: /column "([^"]*)" must appear in the GROUP BY clause/u, sqlState: '42803', message: ([, column]) => `column "${column}" must appear in the GROUP BY clause or be used in an aggregate function` },
  { pattern: /Function with name "?(\w+)"? does not exist/u, sqlState: '42883', message: ([, name]) => `function ${name} does not exist` },
  { pattern: /No function matches the given name and argument types '(\w+)\((.*?)\)'/u, sqlState: '42883', message: ([, name, types]) => `function ${name}(${(types ?? '').split(', ').map(typeWord).join(', ')}) does not exist` },
  { pattern: /Type with name "?(\w+)"? does not exist/u, sqlState: '42704', message: ([, name]) => `type "${name}" does not exist` },
  { pattern: /NOT NULL constraint failed: (?:.*\.)?([^.\n]+)$/mu, sqlState: '23502', message: ([, column]) => `Cannot insert a NULL value into column ${column}` },
  { pattern: /contains null values/u, sqlState: '23502', message: () => 'column contains null values' },
  { pattern: /Could not convert string ['"](.*)['"] to INT\d+/su, sqlState: '22P02', message: ([, text]) => `invalid input syntax for integer: "${text}"` },
  { pattern: /Could not convert string ['"](.*)['"] to (\w+)/su, sqlState: '22P02', message: ([, text, type]) => `invalid input syntax for type ${typeWord(type ?? '')}: "${text}"` },
  { pattern: /(date|time|timestamp) field value out of range: "(.*?)"/su, sqlState: '22008', message: ([, , text]) => `date/time field value out of range: "${text}"` },
  { pattern: /invalid (date|time|timestamp) field format: "(.*?)"/su, sqlState: '22007', message: ([, type, text]) => `invalid input syntax for type ${type}: "${text}"` },
  { pattern: /Malformed JSON.*/su, sqlState: '22P02', message: () => 'JSON parsing error' },
  { pattern: /type DECIMAL\(\d+,\s*\d+\) failed|out of range for the destination type DECIMAL|Could not cast value .* to DECIMAL/su, sqlState: '22003', message: () => 'Numeric data overflow (result precision)' },
  { pattern: /out of range for the destination type (INT\d+)/u, sqlState: '22003', message: ([, type]) => `${typeWord(type ?? '')} out of range` },
  { pattern: /Overflow in \w+ of (?:type )?(INT\d+)/u, sqlState: '22003', message: ([, type]) => `${typeWord(type ?? '')} out of range` },
  { pattern: /Overflow in \w+ of (?:type )?DECIMAL/u, sqlState: '22003', message: () => 'Numeric data overflow (result precision)' },
  { pattern: /Set operations can only apply/u, sqlState: '42601', message: () => 'each UNION query must have the same number of columns' },
  { pattern: /More than one row returned by a subquery/u, sqlState: '21000', message: () => 'single-row subquery returns more than one row' },
  { pattern: /^(?:Invalid Input Error: )?((?:value too long for type|CHAR string contains)[^\n]*)/u, sqlState: '22001', message: ([, text]) => text ?? '' },
  { pattern: /division by zero/iu, sqlState: '22012', message: () => 'division by zero' },
  { pattern: /^INTERRUPT Error/u, sqlState: '57014', message: () => "Query cancelled on user's request" },
  { pattern: /No space left on device|exceeds? (?:the )?max(?:imum)? ?temp directory size/iu, sqlState: '53100', message: () => 'Disk Full' },
  { pattern: /^Out of Memory Error/u, sqlState: '53200', message: () => 'out of memory; give the engine a larger memoryLimit' },
]; // biome-ignore format: a table is read by its columns

const CONFLICT =
  /Conflict on |write-write conflict|Transaction conflict|conflict[^\n]*transaction|cannot update a table that has been altered/iu;

/** Whether DuckDB refused a statement because another transaction got there first. */
export function isConflict(error: unknown): boolean {
  return (
    error instanceof Error &&
    /TransactionContext Error|Transaction/u.test(error.message) &&
    CONFLICT.test(error.message)
  );
}

/** Any failure below the engine in Redshift's words; an error that is one already stays as it is. */
export function toRedshiftError(error: unknown, context: ErrorContext): RedshiftError {
  if (error instanceof RedshiftError) return error;
  const text = error instanceof Error ? error.message : String(error);
  for (const { pattern, sqlState, message } of RULES) {
    const match = pattern.exec(text);
    if (match) return new RedshiftError(message(match, context), { sqlState, cause: error });
  }
  const bare = text.replace(/^[A-Z][\w ]*Error: /u, '').replace(/\n\nLINE \d+:.*$/su, '');
  return new RedshiftError(bare, { cause: error });
}

/** Redshift's serialisation failure. The whole of it is in the message, because that is where clients look. */
export function serializableViolation(
  tableId: number,
  transactionIds: readonly number[],
  pid: number,
): RedshiftError {
  const detail =
    `Serializable isolation violation on table - ${tableId}, ` +
    `transactions forming the cycle are: ${transactionIds.join(', ')} (pid:${pid})`;
  return new RedshiftError(`1023\nDETAIL:  ${detail}`, { sqlState: '40001', detail });
}
