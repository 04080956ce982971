import type { CsvSite } from './csv-look.ts';
import { nullTextOf } from './csv-look.ts';
import { type CsvRecord, csvRecords } from './csv-records.ts';
import { columnSorter, Rescued, type SortedColumn, type SortRules } from './row-sorter.ts';

/** What is known of a copy when it is written. */
export interface RescueCount {
  /** Rows of which something was rescued. */
  rows: number;
  /** The columns of the copy. */
  columns: readonly string[];
  /** The file has columns that the table lacks, filled or not: COPY cannot skip a field. */
  dropsColumns: boolean;
}

/**
 * The same file with what does not fit in a last column of its own. Lines stay where they are, so that what COPY says of one is
 * true of the file; what COPY refuses anyway (quotes that are not closed, too many fields) stays as it is.
 */
export async function* rescueCsv(
  chunks: AsyncIterable<Uint8Array>,
  { site, rules, count }: { site: CsvSite; rules: SortRules; count: RescueCount },
): AsyncGenerator<string> {
  const { delimiter, quote, options } = site;
  const sortColumn = columnSorter(rules, options);
  const nothing = nullTextOf(options);
  let names = site.columns;
  let sorted: readonly SortedColumn[] = names?.map(sortColumn) ?? [];
  const tell = (): void => {
    count.columns = [...(names ?? []).filter((_, at) => sorted[at]?.fits !== undefined), rules.into];
    count.dropsColumns = sorted.some(({ fits }) => fits === undefined);
  };
  tell();
  for await (const records of csvRecords(chunks, site)) {
    const lines: string[] = [];
    for (const record of records) {
      if (names === undefined) {
        names = record.values.map((name) =>
          Buffer.from(name, 'latin1').toString('utf8').trim().toLowerCase(),
        );
        sorted = names.map(sortColumn);
        tell();
        const header = record.raw.filter((_, at) => sorted[at]?.fits !== undefined);
        lines.push(`${[...header, rules.into].join(delimiter)}\n`);
        continue;
      }
      if (record.isBroken || record.values.length !== names.length) {
        lines.push(`${record.text}\n`);
        continue;
      }
      const { fields, rescued } = sortRow(record, { names, sorted, nothing });
      if (rescued !== undefined) count.rows += 1;
      const json =
        rescued === undefined ? nothing : quote + rescued.toJson().replaceAll(quote, quote + quote) + quote;
      fields.push(json);
      lines.push(`${fields.join(delimiter)}\n`);
    }
    yield lines.join('');
  }
}

function sortRow(
  { raw, values }: CsvRecord,
  { names, sorted, nothing }: { names: readonly string[]; sorted: readonly SortedColumn[]; nothing: string },
): { fields: string[]; rescued: Rescued | undefined } {
  const fields: string[] = [];
  let rescued: Rescued | undefined;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as string;
    const { fits, isText } = sorted[at] as SortedColumn;
    const isNull = value === nothing || (value.trim() === '' && (!isText || fits === undefined));
    const isIn = isNull || fits?.(value) === true;
    if (fits !== undefined) fields.push(isIn ? (raw[at] as string) : nothing);
    if (isIn) continue;
    rescued ??= new Rescued();
    rescued.addText(names[at] as string, value);
  }
  return { fields, rescued };
}
