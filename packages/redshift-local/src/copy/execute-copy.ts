import { LoadError } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';
import type { LoadDetailRow } from '../system/system-log.ts';
import { planColumns } from './column-plan.ts';
import type { CopyContext } from './copy-context.ts';
import { type CopyFile, findFiles } from './copy-file.ts';
import { readJsonPaths } from './json-path.ts';
import { toJsonShape } from './json-records.ts';
import { LoadErrorList } from './load-error-list.ts';
import { loadParquet } from './load-parquet.ts';
import { loadText } from './load-text.ts';
import { type CopyStatement, parseCopy } from './parse-copy.ts';

/**
 * Runs a COPY into `context.table`, inside the session's transaction.
 *
 * Appends the rows of all files or none. Bad rows, history and scanned files are reported to `context.log`, which
 * outlives the transaction. With NOLOAD the files are checked and nothing is loaded.
 *
 * @throws RedshiftError in Redshift's words. When bad rows are the reason, `context.log` has them, at least one for
 * every bad file (of the first 100).
 */
export async function executeCopy(sql: string, context: CopyContext): Promise<{ rows: number }> {
  const statement = parseCopy(sql);
  refuseUnsupported(statement);
  const startedAtMs = context.now();
  const { options } = statement;
  const tolerated = options.ignoreAllErrors
    ? Number.POSITIVE_INFINITY
    : Math.max((options.maxError ?? 0) - 1, 0);
  const errors = new LoadErrorList(context.table, tolerated);
  let files: readonly CopyFile[] = [];
  let outcome: { rows: number; details: readonly LoadDetailRow[] } = { rows: 0, details: [] };
  let isDone = false;
  try {
    files = await findFiles(statement, context);
    outcome = await load(statement, files, errors, context);
    if (errors.hasFailed) throw loadFailed(context.table.name);
    isDone = true;
    return { rows: outcome.rows };
  } catch (error) {
    throw toRedshiftError(error);
  } finally {
    context.log.loadErrors(errors.rows);
    context.log.loadDetail(outcome.details);
    context.log.loadHistory({
      tableName: context.table.name,
      dataSource: statement.from,
      fileFormat: options.format.kind,
      status: isDone ? 'completed' : 'aborted',
      loadedRows: isDone ? outcome.rows : 0,
      loadedBytes: isDone ? files.reduce((sum, { size }) => sum + size, 0) : 0,
      sourceFileCount: files.length,
      errorCount: errors.count,
      startedAtMs,
      endedAtMs: context.now(),
    });
  }
}

async function load(
  statement: CopyStatement,
  files: readonly CopyFile[],
  errors: LoadErrorList,
  context: CopyContext,
): Promise<{ rows: number; details: readonly LoadDetailRow[] }> {
  const { options } = statement;
  const plan = planColumns(statement, context.table);
  if (options.format.kind === 'parquet') return loadParquet({ options, plan, files }, errors, context);
  const names = plan.fields.map(({ name }) => name);
  if (options.format.kind === 'fixed-width' && options.format.columns.length !== names.length) {
    // What stands behind the last width would land in the next column otherwise.
    throw new RedshiftError('Number of FIXEDWIDTH columns and the number of columns should match.', {
      detail: `FIXEDWIDTH has ${options.format.columns.length}, the table or column list has ${names.length} (${names.join(', ')})`,
    });
  }
  if (options.format.kind !== 'json')
    return loadText({ options, plan, files, shape: undefined }, errors, context);
  const { paths } = options.format;
  const expressions = paths.kind === 'file' ? await readJsonPaths(paths.url, context) : [];
  // A jsonpaths file without a list "jsonpaths" is read as 'auto', as Redshift does.
  const shape = toJsonShape(expressions === undefined ? { kind: 'auto' } : paths, names, expressions ?? []);
  const width = shape.kind === 'whole' ? 1 : shape.kind === 'paths' ? shape.paths.length : names.length;
  if (width !== names.length) {
    throw new RedshiftError('Number of jsonpaths and the number of columns should match.', {
      detail: `JSONPath size: ${width}, Number of columns in table or column list: ${names.length}`,
    });
  }
  if (shape.kind === 'whole' && plan.fields[0]?.type.name !== 'super') {
    throw new RedshiftError("JSON 'noshred' needs one column of type SUPER");
  }
  return loadText({ options, plan, files, shape }, errors, context);
}

/** What Redshift itself refuses, and what only this one does. */
function refuseUnsupported({ from, options }: CopyStatement): void {
  const { kind } = options.format;
  if (options.encrypted) {
    throw new RedshiftError('ENCRYPTED and MASTER_SYMMETRIC_KEY are no longer supported', {
      sqlState: '0A000',
      detail: 'client-side encryption has ended; objects encrypted by S3 itself need no option',
    });
  }
  if (options.ssh || options.readRatio !== undefined) {
    const option = options.ssh ? 'SSH' : 'READRATIO';
    throw new RedshiftError(`${option} is not supported with COPY from S3`, { sqlState: '0A000' });
  }
  if (kind === 'orc' || kind === 'avro' || kind === 'shapefile') {
    throw new RedshiftError(`COPY from ${kind.toUpperCase()} is not supported by redshift-local`, {
      sqlState: '0A000',
    });
  }
  if (options.compression === 'lzop') {
    throw new RedshiftError('LZOP is not supported by redshift-local', {
      sqlState: '0A000',
      detail: 'use GZIP, ZSTD or BZIP2',
    });
  }
  if (options.job !== undefined) {
    throw new RedshiftError('COPY JOB is not supported by redshift-local', { sqlState: '0A000' });
  }
  if (!from.startsWith('s3://')) {
    throw new RedshiftError(`COPY from '${from}' is not supported by redshift-local`, {
      sqlState: '0A000',
      detail: 'write s3://bucket/key',
    });
  }
}

function loadFailed(table: string): RedshiftError {
  return new RedshiftError(
    `Load into table '${table}' failed.  Check 'stl_load_errors' system table for details.`,
  );
}

function toRedshiftError(error: unknown): unknown {
  if (error instanceof LoadError) {
    return new RedshiftError(error.message, {
      cause: error,
      ...(error.hint === undefined ? {} : { detail: error.hint }),
    });
  }
  return error;
}
