import { LoadError } from '@millrace/core';
import { type SampleDatabase, sqlText } from './sample-database.ts';
import type { SampleFile } from './sample-file.ts';

/** A delimited file as the table `sample` of texts: its header is not in it, empty fields are NULL. */
export interface TextTable {
  readonly delimiter: string;
  readonly quote: string;
  readonly hasHeader: boolean;
  /** What the file calls a column, and what it is called in `sample`. */
  readonly columns: readonly { readonly label: string; readonly column: string }[];
  readonly rows: number;
  readonly isWhole: boolean;
  readonly warnings: readonly string[];
}

/** Reads at most `limit` rows into the table `sample`. */
export async function readTextTable(
  { path, compression, delimiter: known }: SampleFile,
  { database, limit }: { database: SampleDatabase; limit: number },
): Promise<TextTable> {
  const packing = `compression = ${sqlText(compression)}`;
  const given = known === undefined ? '' : `, delim = ${sqlText(known)}`;
  const [dialect] = await database.rows(
    `SELECT Delimiter AS delimiter, Quote AS quote, len(Columns)::INTEGER AS width FROM sniff_csv(${sqlText(path)}, ${packing}, all_varchar = true${given})`,
  );
  const delimiter = String(dialect?.delimiter ?? ',');
  // `\0` is how the sniffer says that it saw no quotes.
  const quote = /^[\p{P}\p{S}]$/u.test(String(dialect?.quote)) ? String(dialect?.quote) : '"';
  const columns = Array.from({ length: Number(dialect?.width ?? 1) }, (_, index) => `c${index}`);
  const types = columns.map((column) => `${column}: 'VARCHAR'`).join(', ');
  // Lines that do not fit are left out here and counted: the load will name them.
  await database.rows(
    `CREATE TABLE sample AS SELECT * FROM read_csv(${sqlText(path)}, auto_detect = false, header = false, columns = {${types}}, delim = ${sqlText(delimiter)}, quote = ${sqlText(quote)}, escape = ${sqlText(quote)}, ${packing}, store_rejects = true) LIMIT ${limit + 1}`,
  );
  const [first] = await database.rows('SELECT * FROM sample WHERE rowid = 0');
  if (first === undefined)
    throw new LoadError('sample-empty', `${path} has no row`, { hint: 'name a file with rows' });
  const cells = columns.map((column) => (typeof first[column] === 'string' ? first[column].trim() : ''));
  const hasHeader = looksLikeHeader(cells);
  if (hasHeader) await database.rows('DELETE FROM sample WHERE rowid = 0');
  const [counted] = await database.rows(
    'SELECT (SELECT count(*) FROM sample)::INTEGER AS amount, (SELECT count(DISTINCT line) FROM reject_errors)::INTEGER AS rejected',
  );
  const amount = Number(counted?.amount ?? 0);
  const rejected = Number(counted?.rejected ?? 0);
  const lines = rejected === 1 ? '1 line does' : `${rejected} lines do`;
  return {
    delimiter,
    quote,
    hasHeader,
    columns: columns.map((column, index) => ({
      column,
      label: hasHeader ? (cells[index] ?? '') : `column_${index + 1}`,
    })),
    rows: Math.min(amount, limit),
    isWhole: amount <= limit,
    warnings: [
      ...(rejected > 0 ? [`${lines} not fit the others: a load of this file will be quarantined`] : []),
      ...(hasHeader
        ? []
        : ['the first line looks like values, so there are no column names: give them better ones']),
    ],
  };
}

/** A first line is a header when every cell is a name: filled, once only, and nothing that values look like. */
export function looksLikeHeader(cells: readonly string[]): boolean {
  const names = new Set(cells.map((cell) => cell.toLowerCase()));
  if (names.size !== cells.length) return false;
  return cells.every(
    (cell) => /\p{L}|^_/u.test(cell) && !/^[-+]?[\d.]|^(?:true|false|null|na|none)$/iu.test(cell),
  );
}
