import { checkEncoding } from './check-encoding.ts';
import { chooseTypes, type TypeChoices } from './choose-type.ts';
import { classifyValues } from './classify-values.ts';
import type { ColumnFacts } from './column-facts.ts';
import { toColumnNames } from './column-names.ts';
import type { InferredTable } from './inferred-table.ts';
import { readJsonTable } from './json-table.ts';
import { parquetColumns } from './parquet-columns.ts';
import { SampleDatabase, sqlName, sqlText } from './sample-database.ts';
import type { SampleFile } from './sample-file.ts';
import { readTextTable } from './text-table.ts';

/** Rows that are looked at: more would not change the types, and make a first command slow. */
export const SAMPLE_ROWS = 200_000;

/** @throws LoadError `sample-unreadable` or `sample-empty` */
export async function inferTable(file: SampleFile): Promise<InferredTable> {
  // Parquet says of itself how its texts are written.
  if (file.kind !== 'parquet') await checkEncoding(file);
  using database = await SampleDatabase.open(file.path);
  // `return await`: the database is open until the answer is there, not until it is promised.
  switch (file.kind) {
    case 'text':
      return await inferText(file, database);
    case 'json':
      return await inferJson(file, database);
    case 'parquet':
      return await parquetColumns(file, database);
  }
}

async function inferText(file: SampleFile, database: SampleDatabase): Promise<InferredTable> {
  const table = await readTextTable(file, { database, limit: SAMPLE_ROWS });
  const facts: ColumnFacts[] = [];
  for (const { label, column } of table.columns) {
    // `\N` is what COPY takes for NULL by itself.
    const values = `SELECT ${column} AS v FROM sample WHERE ${column} IS NOT NULL AND ${column} <> '\\N'`;
    facts.push({ label, classes: await classifyValues(database, { values, as: 'text' }) });
  }
  const choices = chooseTypes(facts);
  const names = toColumnNames(table.columns.map(({ label }) => label));
  const { delimiter, hasHeader, rows, isWhole, warnings } = table;
  return {
    columns: choices.columns.map((choice, index) => ({ ...choice, name: names[index] ?? choice.label })),
    format: {
      kind: 'csv',
      ...(hasHeader ? { header: true } : {}),
      ...(delimiter === ',' ? {} : { delimiter }),
    },
    copy: copyOptionsOf(choices),
    rows,
    isWhole,
    warnings,
  };
}

async function inferJson(file: SampleFile, database: SampleDatabase): Promise<InferredTable> {
  const table = await readJsonTable(file, { database, limit: SAMPLE_ROWS });
  const facts: ColumnFacts[] = [];
  for (const { label, columns } of table.columns) {
    const values = columns
      .map(sqlName)
      .map(
        (column) =>
          `SELECT CASE json_type(${column}) WHEN 'VARCHAR' THEN ${column} ->> '$' ELSE ${column}::VARCHAR END AS v, json_type(${column}) AS kind FROM sample WHERE ${column} IS NOT NULL AND json_type(${column}) <> 'NULL'`,
      );
    facts.push({
      label,
      classes: await classifyValues(database, { values: values.join(' UNION ALL '), as: 'json' }),
    });
  }
  const choices = chooseTypes(facts);
  const { ignoresCase, rows, isWhole, warnings } = table;
  return {
    // COPY finds a key's column by its name: it is not beautified.
    columns: choices.columns.map((choice) => ({ ...choice, name: choice.label.toLowerCase() })),
    format: { kind: 'json', ...(ignoresCase ? { ignoreCase: true } : {}) },
    copy: copyOptionsOf({ ...choices, nullWord: null }),
    rows,
    isWhole,
    warnings,
  };
}

function copyOptionsOf({ nullWord, dateFormat, timeFormat }: Omit<TypeChoices, 'columns'>): string | null {
  const options = [
    ...(dateFormat === null ? [] : [`DATEFORMAT ${sqlText(dateFormat)}`]),
    ...(timeFormat === null ? [] : [`TIMEFORMAT ${sqlText(timeFormat)}`]),
    ...(nullWord === null ? [] : [`NULL AS ${sqlText(nullWord)}`]),
  ];
  return options.length === 0 ? null : options.join(' ');
}
