import type { CopyOptions } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';
import type { LoadDetailRow } from '../system/system-log.ts';
import { CheckedRows } from './checked-rows.ts';
import type { ColumnPlan } from './column-plan.ts';
import { fieldConverter } from './convert-field.ts';
import type { CopyContext } from './copy-context.ts';
import type { CopyFile } from './copy-file.ts';
import { CsvRecords } from './csv-records.ts';
import { DelimitedRecords, FixedWidthRecords } from './delimited-records.ts';
import { JsonRecords, type JsonShape } from './json-records.ts';
import type { LoadErrorList } from './load-error-list.ts';
import { CorruptFileError, openObject } from './open-object.ts';
import { LOAD_ERROR, problem, type RowProblem } from './row-problem.ts';
import { textBlocks } from './text-blocks.ts';
import { MAX_ROW_BYTES, type RecordReader, type TextRecord } from './text-record.ts';

/** What a load of text needs to know, on either path. */
export interface TextLoad {
  readonly options: CopyOptions;
  readonly plan: ColumnPlan;
  readonly files: readonly CopyFile[];
  /** Set for JSON. */
  readonly shape: JsonShape | undefined;
}

/**
 * Reads every row here, by Redshift's rules, and hands the good ones to DuckDB when all files have been read: a COPY
 * that fails has touched nothing. Bad rows go to `errors`.
 *
 * @returns rows loaded; nothing is loaded once `errors` has failed, or with NOLOAD.
 */
export async function loadStrictly(
  load: TextLoad,
  errors: LoadErrorList,
  context: CopyContext,
): Promise<{ rows: number; details: LoadDetailRow[] }> {
  const rows = new CheckedRows(load.plan, context);
  const details: LoadDetailRow[] = [];
  try {
    const convert = rowConverter(load);
    let corrupt: CorruptFileError | undefined;
    for (const file of load.files) {
      context.signal.throwIfAborted();
      if (errors.isFull) break;
      const take = (record: TextRecord): boolean => {
        const row = convert(record);
        if (!Array.isArray(row)) errors.add({ file, line: record.line, raw: record.raw, ...row });
        else if (!errors.hasFailed) rows.add(row);
        return !errors.isDoneWith(file);
      };
      try {
        const lines = await readFile(file, load, take, context);
        details.push({ fileName: file.url, bytesScanned: file.size, linesScanned: lines });
      } catch (error) {
        if (!(error instanceof CorruptFileError)) throw error;
        // No row can be skipped here, so the COPY fails; the other files are still looked at, to name all bad ones.
        corrupt ??= error;
        errors.add({ file, line: -1, raw: '', problem: problem(LOAD_ERROR.unknown, error.message) });
      }
    }
    if (corrupt) throw corrupt;
    if (errors.hasFailed || load.options.noLoad || rows.count === 0) return { rows: 0, details };
    await rows.insert();
    return { rows: rows.count, details };
  } finally {
    await rows.discard();
  }
}

/** @returns records seen. */
async function readFile(
  file: CopyFile,
  { options, plan, shape }: TextLoad,
  take: (record: TextRecord) => boolean,
  context: CopyContext,
): Promise<number> {
  const reader = recordReader(options, plan, shape);
  let toSkip = shape ? 0 : options.ignoreHeader;
  let seen = 0;
  const skipsBlank = options.ignoreBlankLines;
  const takeAll = (records: Iterable<TextRecord>): boolean => {
    for (const record of records) {
      seen += 1;
      if (toSkip > 0) {
        toSkip -= 1;
      } else if (!(skipsBlank && record.raw === '')) {
        if (!take(record)) return false;
      }
    }
    return true;
  };
  for await (const block of textBlocks(openObject(file, options.compression, context), options.encoding)) {
    context.signal.throwIfAborted();
    if (!takeAll(reader.read(block, false))) return seen;
  }
  takeAll(reader.read('', true));
  return seen;
}

function recordReader(
  { format }: CopyOptions,
  { fields }: ColumnPlan,
  shape: JsonShape | undefined,
): RecordReader {
  if (shape) {
    const superFields = fields.flatMap(({ type }, index) => (type.name === 'super' ? [index] : []));
    return new JsonRecords(shape, new Set(superFields));
  }
  if (format.kind === 'csv') return new CsvRecords(format);
  if (format.kind === 'fixed-width') return new FixedWidthRecords(format.columns);
  if (format.kind === 'delimited') return new DelimitedRecords(format);
  throw new RedshiftError(`COPY from ${format.kind} is not read as text`);
}

/** Where in a record a value stands that cannot be loaded. */
interface BadField {
  readonly problem: RowProblem;
  readonly column?: TextLoad['plan']['fields'][number];
  readonly value?: string;
  readonly position?: number;
}

function rowConverter({
  options,
  plan,
  shape,
}: TextLoad): (record: TextRecord) => (string | null)[] | BadField {
  const converters = plan.fields.map((column) =>
    fieldConverter(column, options, { isJson: shape !== undefined }),
  );
  const width = converters.length;
  return (record) => {
    if (record.problem) return { problem: record.problem };
    if (record.raw.length > MAX_ROW_BYTES / 3 && Buffer.byteLength(record.raw) > MAX_ROW_BYTES) {
      return {
        problem: problem(
          LOAD_ERROR.line,
          `Input line exceeds the maximum row size of ${MAX_ROW_BYTES} bytes`,
        ),
      };
    }
    const miscount = countProblem(record, width, options);
    if (miscount) return { problem: miscount };
    const row: (string | null)[] = new Array(width);
    for (let index = 0; index < width; index += 1) {
      const field = fieldAt(record, index, plan, options);
      const value = (converters[index] as ReturnType<typeof fieldConverter>)(field);
      if (value !== null && typeof value === 'object') {
        const column = plan.fields[index] as TextLoad['plan']['fields'][number];
        return {
          problem: value,
          column,
          value: field ?? '',
          position: shape ? 0 : positionOf(record, index),
        };
      }
      row[index] = value;
    }
    return row;
  };
}

/** FILLRECORD gives missing texts the empty text and everything else NULL. */
function fieldAt(record: TextRecord, index: number, plan: ColumnPlan, options: CopyOptions): string | null {
  if (index < record.fields.length) return record.fields[index] as string | null;
  const name = plan.fields[index]?.type.name;
  return name === 'varchar' && !options.emptyAsNull ? '' : null;
}

function countProblem(record: TextRecord, width: number, options: CopyOptions): RowProblem | undefined {
  const count = record.fields.length;
  if (count === width) return undefined;
  if (count < width) {
    if (options.fillRecord) return undefined;
    return record.raw === ''
      ? problem(LOAD_ERROR.noData, 'Input line had no data')
      : problem(LOAD_ERROR.delimiter, 'Delimiter not found');
  }
  // Delimiters at the end of a line are let pass: generators of test data write one, and DuckDB's reader allows more.
  if (record.fields.every((field, index) => index < width || field === '')) return undefined;
  return problem(LOAD_ERROR.extraColumns, 'Extra column(s) found');
}

/** Where the field begins in an unquoted line; quotes shift it. */
function positionOf(record: TextRecord, index: number): number {
  let position = 0;
  for (let before = 0; before < index; before += 1) position += (record.fields[before]?.length ?? 0) + 1;
  return position;
}
