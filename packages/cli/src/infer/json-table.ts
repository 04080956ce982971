import { LoadError } from '@millrace/core';
import { readUnpacked } from './read-unpacked.ts';
import { type SampleDatabase, sqlText } from './sample-database.ts';
import type { SampleFile } from './sample-file.ts';

/** A file of JSON objects as the table `sample` of JSON values. */
export interface JsonTable {
  /** A key, and the columns of `sample` that have its values: several where keys differ in case only. */
  readonly columns: readonly { readonly label: string; readonly columns: readonly string[] }[];
  /** Whether a key has capitals, so that COPY finds its column only when it ignores them. */
  readonly ignoresCase: boolean;
  readonly rows: number;
  readonly isWhole: boolean;
  readonly warnings: readonly string[];
}

/**
 * Reads at most `limit` objects into the table `sample`.
 *
 * @throws LoadError `sample-unreadable` when they are no JSON objects
 */
export async function readJsonTable(
  file: SampleFile,
  { database, limit }: { database: SampleDatabase; limit: number },
): Promise<JsonTable> {
  const compression = sqlText(file.compression === 'none' ? 'uncompressed' : file.compression);
  const path = sqlText(file.path);
  // Depth 1: keys become columns, what is below stays JSON. No maps: a rare key is a column all the same.
  const source = `read_json(${path}, maximum_depth = 1, map_inference_threshold = -1, records = true, sample_size = ${limit}, compression = ${compression})`;
  await database
    .rows(`CREATE TABLE sample AS SELECT * FROM ${source} LIMIT ${limit + 1}`)
    .catch(async (error: unknown) => {
      throw await inWords(file, error);
    });
  const columns = (await database.rows('DESCRIBE sample')).map((row) => String(row.column_name));
  const keys = hasNumbered(columns)
    ? await database.rows(
        `SELECT DISTINCT unnest(json_keys(json)) AS key FROM (FROM read_json_objects(${path}, compression = ${compression}) LIMIT ${limit + 1})`,
      )
    : columns.map((key) => ({ key }));
  const groups = groupByKey(columns, new Set(keys.map(({ key }) => String(key))));
  const labels = groups.map(
    ({ keys: alike }) => alike.find((key) => key === key.toLowerCase()) ?? alike[0] ?? '',
  );
  const ignoresCase = labels.some((label) => label !== label.toLowerCase());
  const [counted] = await database.rows('SELECT count(*)::DOUBLE AS amount FROM sample');
  const amount = Number(counted?.amount ?? 0);
  return {
    columns: groups.map((group, index) => ({ label: labels[index] ?? '', columns: group.columns })),
    ignoresCase,
    rows: Math.min(amount, limit),
    isWhole: amount <= limit,
    warnings: groups
      .filter(({ keys: alike }) => alike.length > 1)
      .map(({ keys: alike }) => warningOf(alike, ignoresCase)),
  };
}

/** DuckDB's columns have no case either: of the keys `a` and `A` it makes the columns `a` and `A_1`. */
function hasNumbered(columns: readonly string[]): boolean {
  const folded = new Set(columns.map((column) => column.toLowerCase()));
  return [...folded].some((column) => {
    let name = column;
    while (NUMBER.test(name)) {
      name = name.replace(NUMBER, '');
      if (folded.has(name)) return true;
    }
    return false;
  });
}

const NUMBER = /_\d+$/u;

interface KeyGroup {
  readonly keys: string[];
  readonly columns: string[];
}

function groupByKey(columns: readonly string[], keys: ReadonlySet<string>): readonly KeyGroup[] {
  const groups = new Map<string, KeyGroup>();
  for (const column of columns) {
    let key = column;
    while (!keys.has(key) && NUMBER.test(key)) key = key.replace(NUMBER, '');
    const group = groups.get(key.toLowerCase()) ?? { keys: [], columns: [] };
    group.keys.push(key);
    group.columns.push(column);
    groups.set(key.toLowerCase(), group);
  }
  return [...groups.values()];
}

function warningOf(keys: readonly string[], ignoresCase: boolean): string {
  const names = keys.map((key) => `'${key}'`).join(' and ');
  const [first = ''] = keys;
  const taken = ignoresCase
    ? 'which takes any of them: an object that has several is loaded with one'
    : `which takes '${first.toLowerCase()}' alone`;
  return `the keys ${names} differ in case only, and share the column ${first.toLowerCase()}, ${taken}`;
}

/** What DuckDB says names our statement and its own options; and the lines that it counts are not those of an editor. */
async function inWords(file: SampleFile, error: unknown): Promise<unknown> {
  if (!(error instanceof LoadError) || !(error.cause instanceof Error)) return error;
  const { message } = error.cause;
  const twice = /has duplicate key "(.*?)"/u.exec(message)?.[1];
  const malformed = /Malformed JSON .*: (.+?)\.?\s*$/mu.exec(message)?.[1];
  let problem: string;
  if (twice !== undefined) problem = `has an object with the key '${twice}' twice`;
  else if (malformed !== undefined) problem = `is not JSON${await placeOf(file)}: ${malformed}`;
  else if (message.includes('non-record JSON'))
    problem = 'has values that are no objects, or objects without keys';
  else return error;
  return new LoadError('sample-unreadable', `${file.path} ${problem}`, {
    hint: 'write objects one after another, such as {"id": 1, "name": "a"}, best one per line',
    cause: error.cause,
  });
}

/** Where a file with an object per line breaks; nothing for one whose first line is no whole value already. */
async function placeOf(file: SampleFile): Promise<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let line = 0;
  let broken = 0;
  await readUnpacked(file, (chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      line += 1;
      if (isJson(text)) continue;
      broken = line;
      return true;
    }
    return false;
  });
  if (broken === 0 && !isJson(rest)) broken = line + 1;
  return broken > 1 ? ` in line ${broken}` : '';
}

function isJson(line: string): boolean {
  if (line.trim() === '') return true;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
