import { LoadError } from '@millrace/core';
import { type SampleDatabase, sqlText } from './sample-database.ts';
import { readFirstLine, type SampleFile } from './sample-file.ts';

/** A delimited file as the table `sample` of texts: its header is not in it, empty fields are NULL. */
export interface TextTable {
  readonly delimiter: string;
  readonly hasHeader: boolean;
  /** What the file calls a column, and what it is called in `sample`. */
  readonly columns: readonly { readonly label: string; readonly column: string }[];
  readonly rows: number;
  readonly isWhole: boolean;
  readonly warnings: readonly string[];
}

/** The delimiters that files of that ending have, the usual one first. */
const DELIMITERS = [',', ';', '\t', '|'] as const;

/** Reads at most `limit` rows into the table `sample`. */
export async function readTextTable(
  file: SampleFile,
  { database, limit }: { database: SampleDatabase; limit: number },
): Promise<TextTable> {
  const { path, compression } = file;
  const line = await readFirstLine(file);
  const delimiter = file.delimiter ?? findDelimiter(line);
  const columns = Array.from({ length: countOutsideQuotes(line, delimiter) + 1 }, (_, index) => `c${index}`);
  const types = columns.map((column) => `${column}: 'VARCHAR'`).join(', ');
  // Lines that do not fit are left out here and counted: the load will name them.
  await database.rows(
    `CREATE TABLE sample AS SELECT * FROM read_csv(${sqlText(path)}, auto_detect = false, header = false, columns = {${types}}, delim = ${sqlText(delimiter)}, quote = '"', escape = '"', compression = ${sqlText(compression)}, store_rejects = true) LIMIT ${limit + 1}`,
  );
  const [first] = await database.rows('SELECT * FROM sample WHERE rowid = 0');
  if (first === undefined) {
    throw new LoadError(
      'sample-unreadable',
      `${path} has no line that can be read as text with '${delimiter}' between fields`,
      {
        hint: 'check that the file is what its ending says, and that it is UTF-8',
      },
    );
  }
  const cells = columns.map((column) => (typeof first[column] === 'string' ? first[column].trim() : ''));
  const hasHeader = looksLikeHeader(cells);
  if (hasHeader) await database.rows('DELETE FROM sample WHERE rowid = 0');
  const [counted] = await database.rows(
    'SELECT (SELECT count(*) FROM sample)::INTEGER AS amount, (SELECT count(DISTINCT line) FROM reject_errors)::INTEGER AS rejected',
  );
  const amount = Number(counted?.amount ?? 0);
  return {
    delimiter,
    hasHeader,
    columns: columns.map((column, index) => ({
      column,
      label: (hasHeader ? cells[index] : undefined) || `column_${index + 1}`,
    })),
    rows: Math.min(amount, limit),
    isWhole: amount <= limit,
    warnings: warningsOf({ rejected: Number(counted?.rejected ?? 0), hasHeader }),
  };
}

function warningsOf({ rejected, hasHeader }: { rejected: number; hasHeader: boolean }): readonly string[] {
  const lines = rejected === 1 ? '1 line does' : `${rejected} lines do`;
  return [
    ...(rejected === 0
      ? []
      : [`${lines} not fit the others, so that a load of this file will be quarantined`]),
    ...(hasHeader ? [] : ['the first line looks like values: give the columns better names']),
  ];
}

/**
 * A first line is a header when every cell is a name: filled, once only, and nothing that a value looks like. One cell
 * may be empty: the first, as pandas writes its index, or any other where two names or more stand beside it.
 *
 * A file of texts alone whose first row happens to be so is taken wrongly; nothing in it could tell.
 */
export function looksLikeHeader(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => cell !== '');
  if (filled.length === 0 || filled.length < cells.length - 1) return false;
  if (filled.length < cells.length && filled.length < 2 && cells[0] !== '') return false;
  const names = new Set(filled.map((cell) => cell.toLowerCase()));
  return names.size === filled.length && filled.every((cell) => /\p{L}/u.test(cell) && !VALUE.test(cell));
}

const VALUE = /^(?:[-+]?[\d.,]+(?:e[-+]?\d+)?|\d{4}-\d\d-\d\d.*|true|false|null|na|n\/a|none)$/iu;

/** The one that is most often in the first line: a header has all of them, and seldom another. */
export function findDelimiter(line: string): string {
  const found = DELIMITERS.map((delimiter) => ({ delimiter, amount: countOutsideQuotes(line, delimiter) }));
  const best = found.reduce((one, other) => (other.amount > one.amount ? other : one));
  return best.delimiter;
}

function countOutsideQuotes(line: string, delimiter: string): number {
  let amount = 0;
  let isQuoted = false;
  for (const char of line) {
    if (char === '"') isQuoted = !isQuoted;
    else if (char === delimiter && !isQuoted) amount += 1;
  }
  return amount;
}
