import { DuckDBTypeId } from '@duckdb/node-api';
import type { UnloadStatement } from './parse-unload.ts';
import type { UnloadColumn } from './render-unload.ts';
import type { UnloadedFile } from './unload-files.ts';

/**
 * The manifest of an unload, which COPY … MANIFEST reads back. Sizes are always told: COPY wants them for Parquet.
 * VERBOSE adds the columns, the totals and the author.
 */
export function unloadManifest(
  unload: UnloadStatement,
  result: {
    readonly files: readonly UnloadedFile[];
    readonly columns: readonly UnloadColumn[];
    readonly rowCount: number;
  },
): string {
  const entries = result.files.map(({ url, size }) => ({ url, meta: { content_length: size } }));
  if (unload.manifest !== 'verbose') return JSON.stringify({ entries });
  return JSON.stringify({
    entries,
    schema: {
      elements: result.columns.map(({ name, type }) => ({ name, type: { base: typeName(type.typeId) } })),
    },
    meta: {
      content_length: result.files.reduce((sum, { size }) => sum + size, 0),
      record_count: result.rowCount,
    },
    author: { name: 'Amazon Redshift', version: '1.0.0' },
  });
}

function typeName(typeId: DuckDBTypeId): string {
  switch (typeId) {
    case DuckDBTypeId.SMALLINT:
      return 'smallint';
    case DuckDBTypeId.INTEGER:
      return 'integer';
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.HUGEINT:
      return 'bigint';
    case DuckDBTypeId.FLOAT:
      return 'real';
    case DuckDBTypeId.DOUBLE:
      return 'double precision';
    case DuckDBTypeId.DECIMAL:
      return 'numeric';
    case DuckDBTypeId.BOOLEAN:
      return 'boolean';
    case DuckDBTypeId.DATE:
      return 'date';
    case DuckDBTypeId.TIMESTAMP:
      return 'timestamp without time zone';
    case DuckDBTypeId.TIMESTAMP_TZ:
      return 'timestamp with time zone';
    default:
      return 'character varying';
  }
}
