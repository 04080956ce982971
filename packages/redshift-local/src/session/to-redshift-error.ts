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

function rule(pattern: RegExp, sqlState: string, message: ErrorRule['message']): ErrorRule {
  return { pattern, sqlState, message };
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
    BOOL: 'boolean',
    DOUBLE: 'double precision',
    FLOAT: 'real',
    VARCHAR: 'character varying',
    HUGEINT: 'bigint',
    INTEGER_LITERAL: 'integer',
    STRING_LITERAL: '"unknown"',
    JSON: 'super',
    TIMESTAMP: 'timestamp without time zone',
    'TIMESTAMP WITH TIME ZONE': 'timestamp with time zone',
  };
  return INTEGER_TYPES[duckType] ?? words[duckType] ?? duckType.toLowerCase();
}

/** `integer + "unknown"`, `- "unknown"`. */
function operatorWords(operator: string, types: string): string {
  // The comma inside of DECIMAL(8,2) is not followed by a blank.
  const words = types.split(', ').map(typeWord);
  return words.length === 1 ? `${operator} ${words[0]}` : words.join(` ${operator} `);
}

/** The only place that knows how DuckDB words its errors, and how Redshift does. First match wins. */
const RULES: readonly ErrorRule[] = [
  rule(
    /^Parser Error: syntax error at or near "(.*?)"/su,
    '42601',
    ([, near]) => `syntax error at or near "${near}"`,
  ),
  rule(/^Parser Error: syntax error at end of input/u, '42601', () => 'syntax error at end of input'),
  rule(/^Parser Error: ([^\n]*)/u, '42601', ([, text]) => `syntax error: ${text}`),
  rule(
    /because schema "([^"]*)" does not exist/u,
    '3F000',
    ([, schema]) => `schema "${schema}" does not exist`,
  ),
  rule(
    /^Catalog Error: Table with name "?([^"\s]+)"? does not exist/u,
    '42P01',
    ([, name]) => `relation "${name}" does not exist`,
  ),
  rule(
    /(?:Table|View) with name "?([^"\s]+)"? already exists/u,
    '42P07',
    ([, name]) => `Relation "${name}" already exists`,
  ),
  rule(
    /Schema with name "?([^"\s]+)"? already exists/u,
    '42P06',
    ([, name]) => `Schema "${name}" already exists`,
  ),
  rule(
    /Referenced column "([^"]*)" (?:was )?not found/u,
    '42703',
    ([, column], { tables }) =>
      `column "${column}" does not exist${tables.length > 0 ? ` in ${tables.join(', ')}` : ''}`,
  ),
  rule(
    /Table "([^"]*)" does not have a column (?:named|with name) "([^"]*)"/u,
    '42703',
    ([, table, column]) => `column "${column}" does not exist in ${table}`,
  ),
  rule(
    /Values list "([^"]*)" does not have a column named "([^"]*)"/u,
    '42703',
    ([, table, column]) => `column "${column}" does not exist in ${table}`,
  ),
  rule(
    /Referenced table "([^"]*)" not found/u,
    '42P01',
    ([, table]) => `missing FROM-clause entry for table "${table}"`,
  ),
  rule(
    /Ambiguous reference to (?:column name|table) "([^"]*)"/u,
    '42702',
    ([, column]) => `column reference "${column}" is ambiguous`,
  ),
  rule(
    /column "([^"]*)" must appear in the GROUP BY clause/u,
    '42803',
    ([, column]) =>
      `column "${column}" must appear in the GROUP BY clause or be used in an aggregate function`,
  ),
  rule(
    /Function with name "?(\w+)"? does not exist/u,
    '42883',
    ([, name]) => `function ${name} does not exist`,
  ),
  rule(
    /(?:No function matches the given name and argument types '|Could not choose a best candidate function for the function call ")([^\w\s"'(]+)\((.*?)\)['"]/u,
    '42883',
    ([, operator, types]) => `operator does not exist: ${operatorWords(operator ?? '', types ?? '')}`,
  ),
  rule(
    /Could not choose a best candidate function for the function call "(\w+)\((.*?)\)"/u,
    '42725',
    ([, name, types]) =>
      `function ${name}(${(types ?? '').split(', ').map(typeWord).join(', ')}) is not unique`,
  ),
  rule(
    /Cannot (?:mix values of type|combine types) (\w+(?:\([\d,]+\))?) and (\w+(?:\([\d,]+\))?)/u,
    '42804',
    ([, one, other]) => `types ${typeWord(one ?? '')} and ${typeWord(other ?? '')} cannot be matched`,
  ),
  rule(
    /Unimplemented type for cast \((\S+) -> (\S+)\)/u,
    '42846',
    ([, from, to]) => `cannot cast type ${typeWord(from ?? '')} to ${typeWord(to ?? '')}`,
  ),
  rule(
    /^Binder Error: Catalog "([^"]*)" does not exist/u,
    '3D000',
    ([, name]) => `database "${name}" does not exist`,
  ),
  rule(
    /^(?:Invalid Input Error: )?(invalid input syntax for integer: [^\n]*)/u,
    '22P02',
    ([, text]) => text ?? '',
  ),
  rule(
    /No function matches the given name and argument types '(\w+)\((.*?)\)'/u,
    '42883',
    ([, name, types]) =>
      `function ${name}(${(types ?? '').split(', ').map(typeWord).join(', ')}) does not exist`,
  ),
  rule(/Type with name "?(\w+)"? does not exist/u, '42704', ([, name]) => `type "${name}" does not exist`),
  rule(
    /NOT NULL constraint failed: (?:.*\.)?([^.\n]+)$/mu,
    '23502',
    ([, column]) => `Cannot insert a NULL value into column ${column}`,
  ),
  rule(/contains null values/u, '23502', () => 'column contains null values'),
  rule(
    /Could not convert string ['"](.*)['"] to INT\d+/su,
    '22P02',
    ([, text]) => `invalid input syntax for integer: "${text}"`,
  ),
  rule(
    /Could not convert string ['"](.*)['"] to (\w+)/su,
    '22P02',
    ([, text, type]) => `invalid input syntax for type ${typeWord(type ?? '')}: "${text}"`,
  ),
  rule(
    /(date|time|timestamp) field value out of range: "(.*?)"/su,
    '22008',
    ([, , text]) => `date/time field value out of range: "${text}"`,
  ),
  rule(
    /invalid (date|time|timestamp) field format: "(.*?)"/su,
    '22007',
    ([, type, text]) => `invalid input syntax for type ${type}: "${text}"`,
  ),
  rule(/Malformed JSON.*/su, '22P02', () => 'JSON parsing error'),
  rule(
    /type DECIMAL\(\d+,\s*\d+\) failed|out of range for the destination type DECIMAL|Could not cast value .* to DECIMAL/su,
    '22003',
    () => 'Numeric data overflow (result precision)',
  ),
  rule(
    /out of range for the destination type (INT\d+)/u,
    '22003',
    ([, type]) => `${typeWord(type ?? '')} out of range`,
  ),
  rule(
    /Overflow in \w+ of (?:type )?(INT\d+)/u,
    '22003',
    ([, type]) => `${typeWord(type ?? '')} out of range`,
  ),
  rule(/Overflow in \w+ of (?:type )?DECIMAL/u, '22003', () => 'Numeric data overflow (result precision)'),
  rule(
    /Set operations can only apply/u,
    '42601',
    () => 'each UNION query must have the same number of columns',
  ),
  rule(
    /More than one row returned by a subquery/u,
    '21000',
    () => 'single-row subquery returns more than one row',
  ),
  rule(
    /^(?:Invalid Input Error: )?((?:value too long for type|CHAR string contains)[^\n]*)/u,
    '22001',
    ([, text]) => text ?? '',
  ),
  rule(
    /Cannot alter entry "([^"]*)" because there are entries that depend on it/u,
    '2BP01',
    ([, table]) => `cannot alter table ${table}: it has a lookup index, which Redshift does not know`,
  ),
  rule(/division by zero/iu, '22012', () => 'division by zero'),
  rule(/^INTERRUPT Error/u, '57014', () => "Query cancelled on user's request"),
  rule(
    /No space left on device|exceeds? (?:the )?max(?:imum)? ?temp directory size/iu,
    '53100',
    () => 'Disk Full',
  ),
  rule(/^Out of Memory Error/u, '53200', () => 'out of memory; give the engine a larger memoryLimit'),
];

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
  const bare = text
    .replace(/^[A-Z][\w ]*Error: /u, '')
    .replace(/\n\nLINE \d+:.*$/su, '')
    // What DuckDB proposes instead are DuckDB's functions and settings.
    .replace(/\n\s*(?:Candidate|Did you mean|\* If).*$/su, '');
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
