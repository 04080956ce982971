import type { ColumnShape, CopyOptions, FileLook } from '@millrace/core';
import { ColumnSurvey, momentFormsOf } from './column-survey.ts';
import { type CsvRecord, csvRecords } from './csv-records.ts';

export interface CsvSite {
  readonly options: CopyOptions;
  readonly delimiter: string;
  readonly quote: string;
  /** The file's columns, where no header names them. */
  readonly columns: readonly string[] | undefined;
}

/** Looks at a CSV file from end to end. */
export async function lookAtCsv(chunks: AsyncIterable<Uint8Array>, site: CsvSite): Promise<FileLook> {
  const { options } = site;
  const forms = momentFormsOf(options);
  const nullAs = nullTextOf(options);
  let surveys: readonly ColumnSurvey[] | undefined = site.columns?.map(
    (name) => new ColumnSurvey(name, forms),
  );
  for await (const records of csvRecords(chunks, site)) {
    for (const record of records) {
      if (surveys === undefined) {
        const names = readHeader(record);
        if (!Array.isArray(names)) return names as FileLook;
        surveys = names.map((name) => new ColumnSurvey(name, forms));
      } else {
        seeRow(record, { surveys, nullAs });
      }
    }
  }
  const columns = (surveys ?? []).map((survey): ColumnShape => survey.shape({ mixesJson: false }));
  if (surveys === undefined) {
    return {
      kind: 'unreadable',
      reason: 'the file is empty, where a line with the names of its columns was expected',
      hint: 'write the file anew with a header, or take it away',
    };
  }
  return { kind: 'shape', columns };
}

function seeRow(
  { values, isBroken }: CsvRecord,
  { surveys, nullAs }: { surveys: readonly ColumnSurvey[]; nullAs: string },
): void {
  // Other counts of fields are refused by COPY, with the line: they say nothing of any column.
  if (isBroken || values.length > surveys.length) return;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as string;
    if (value !== '' && value !== nullAs) (surveys[at] as ColumnSurvey).seeText(value);
  }
}

/** The text that stands for NULL. Bytes as characters. */
export function nullTextOf({ nullAs = '\\N' }: Pick<CopyOptions, 'nullAs'>): string {
  return Buffer.from(nullAs, 'utf8').toString('latin1');
}

/** The names of a header, folded; or why they are none. */
export function readHeader(record: CsvRecord): readonly string[] | FileLook {
  const names = record.values.map((name) =>
    Buffer.from(name, 'latin1').toString('utf8').trim().toLowerCase(),
  );
  const { line } = record;
  const hint = 'write the file anew with a line of column names, each once';
  const empty = names.indexOf('');
  if (record.isBroken)
    return { kind: 'unreadable', reason: 'the quotes of its header are not closed', line, hint };
  if (empty >= 0)
    return { kind: 'unreadable', reason: `column ${empty + 1} of its header has no name`, line, hint };
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined)
    return { kind: 'unreadable', reason: `its header names '${twice}' twice`, line, hint };
  return names;
}
