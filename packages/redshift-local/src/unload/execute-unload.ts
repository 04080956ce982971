import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteText } from '../catalog/quote.ts';
import type { CopyContext } from '../copy/copy-context.ts';
import { translateSql } from '../translate/translate-sql.ts';
import { parseUnload, type UnloadStatement } from './parse-unload.ts';
import { findColumn, hiveName, renderFile, type UnloadColumn } from './render-unload.ts';
import {
  listSpoolFiles,
  partitionPrefix,
  prepareDestination,
  type UnloadedFile,
  upload,
} from './unload-files.ts';
import { unloadManifest } from './unload-manifest.ts';

/** What an UNLOAD is given by the session: what COPY gets, without a table. */
export type UnloadContext = Omit<CopyContext, 'table' | 'log'>;

export interface UnloadResult {
  readonly rowCount: number;
  /** The files in the order of the manifest; a manifest is not among them. */
  readonly files: readonly UnloadedFile[];
}

/** A warehouse of two slices: enough that a reader of unloads has to take several files. */
const SLICES = 2;

/** The result while it is written out. One connection runs one statement at a time. */
const RESULT_TABLE = 'temp.main.rs_unload_result';

/**
 * Runs an UNLOAD: the query, its files through DuckDB's writers, the upload. Rows go to the slices in turn, each in
 * the order of the query. A result without rows writes no data file.
 *
 * The upload is not part of the transaction: files that were written stay when a later one fails, as in Redshift.
 *
 * @throws RedshiftError in Redshift's words; what `objects` throws; the signal's reason.
 */
export async function executeUnload(sql: string, context: UnloadContext): Promise<UnloadResult> {
  const unload = parseUnload(sql);
  const { connection, objects, signal } = context;
  await prepareDestination(unload, objects, signal);
  await connection.run(`CREATE OR REPLACE TEMP TABLE rs_unload_result AS ${translateSql(unload.query)}`);
  try {
    const columns = await readColumns(connection);
    // Refused before anything is written, also when there are no rows.
    const rendering = renderFile(unload, columns);
    for (const name of unload.partitionBy) findColumn(columns, name);
    const rowCount = await countRows(connection);
    const slices = unload.isParallel ? Math.min(SLICES, rowCount) : Math.min(1, rowCount);
    const files: UnloadedFile[] = [];
    for (let slice = 0; slice < slices; slice += 1) {
      const root = path.join(context.spoolDirectory, `slice-${slice}`);
      await connection.run(copyTo(unload, { ...rendering, root, slice, slices }));
      for (const file of await listSpoolFiles(root, slice)) {
        signal.throwIfAborted();
        files.push(await upload(unload, file, objects));
      }
    }
    if (unload.manifest !== 'none') {
      const body = unloadManifest(unload, { files, columns, rowCount });
      await objects.write({ bucket: unload.bucket, key: `${partitionPrefix(unload)}manifest` }, body);
    }
    return { rowCount, files };
  } finally {
    await dropResult(connection);
  }
}

function copyTo(
  unload: UnloadStatement,
  file: { selectList: string; options: readonly string[]; root: string; slice: number; slices: number },
): string {
  const options = [...file.options];
  if (unload.partitionBy.length > 0) {
    options.push(`PARTITION_BY (${unload.partitionBy.map((_, at) => hiveName(at)).join(', ')})`);
  } else if (unload.maxFileBytes !== undefined) {
    options.push(`FILE_SIZE_BYTES ${unload.maxFileBytes}`);
  }
  const where = file.slices === 1 ? '' : ` WHERE rowid % ${file.slices} = ${file.slice}`;
  return `COPY (SELECT ${file.selectList} FROM ${RESULT_TABLE}${where}) TO ${quoteText(file.root)} (${options.join(', ')})`;
}

async function readColumns(connection: DuckDBConnection): Promise<UnloadColumn[]> {
  const result = await connection.run(`SELECT * FROM ${RESULT_TABLE} LIMIT 0`);
  return result.columnNames().map((name, at) => ({ name, type: result.columnType(at) }));
}

async function countRows(connection: DuckDBConnection): Promise<number> {
  const result = await connection.runAndReadAll(`SELECT count(*) FROM ${RESULT_TABLE}`);
  return Number(result.getRowsJson()[0]?.[0] ?? 0);
}

/** After a failed statement DuckDB's transaction is aborted: its rollback takes the table away. */
async function dropResult(connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run(`DROP TABLE IF EXISTS ${RESULT_TABLE}`);
  } catch (error) {
    if (!/transaction is aborted/iu.test(String(error))) throw error;
  }
}
