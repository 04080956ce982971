import type { ChangeStatement, ColumnType } from '@millrace/core';
import { quoteName, quoteTable, quoteText } from './quote.ts';

/** How Redshift changes a table, and keeps what was changed. Instants are epoch milliseconds. */
export function renderChange(statement: ChangeStatement): string {
  switch (statement.kind) {
    case 'add-column':
      return `ALTER TABLE ${quoteTable(statement.table)} ADD COLUMN ${quoteName(statement.column)} ${typeName(statement.type)}`;
    case 'widen-column':
      return `ALTER TABLE ${quoteTable(statement.table)} ALTER COLUMN ${quoteName(statement.column)} TYPE VARCHAR(${statement.bytes})`;
    case 'create-history':
      return `CREATE TABLE IF NOT EXISTS ${quoteTable(statement.history)} (
  change_id VARCHAR(32) NOT NULL,
  column_name VARCHAR(512) NOT NULL,
  change VARCHAR(8) NOT NULL,
  from_type VARCHAR(128),
  statement VARCHAR(2000) NOT NULL,
  file_url VARCHAR(1200) NOT NULL,
  planned_at BIGINT NOT NULL,
  applied_at BIGINT
)`;
    case 'record-change': {
      const { id, column, change, fromType, statement: sql, fileUrl, plannedAt } = statement.change;
      const history = quoteTable(statement.history);
      const values = [
        quoteText(id),
        quoteText(column),
        quoteText(change),
        fromType === null ? 'CAST(NULL AS VARCHAR(128))' : quoteText(fromType),
        quoteText(sql),
        quoteText(fileUrl),
        `CAST(${plannedAt} AS BIGINT)`,
        'CAST(NULL AS BIGINT)',
      ];
      return `INSERT INTO ${history} (change_id, column_name, change, from_type, statement, file_url, planned_at, applied_at)
SELECT ${values.join(', ')}
WHERE NOT EXISTS (SELECT 1 FROM ${history} WHERE change_id = ${quoteText(id)})`;
    }
    case 'confirm-changes':
      return `UPDATE ${quoteTable(statement.history)} SET applied_at = ${statement.appliedAt}
WHERE applied_at IS NULL AND change_id IN (${statement.ids.map(quoteText).join(', ')})`;
    case 'list-changes':
      return `SELECT change_id, column_name, change, from_type, statement, file_url, planned_at, applied_at
FROM ${quoteTable(statement.history)}
ORDER BY planned_at DESC, column_name
LIMIT ${statement.limit}`;
  }
}

function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'smallint':
      return 'SMALLINT';
    case 'integer':
      return 'INTEGER';
    case 'bigint':
      return 'BIGINT';
    case 'real':
      return 'REAL';
    case 'double':
      return 'DOUBLE PRECISION';
    case 'boolean':
      return 'BOOLEAN';
    case 'date':
      return 'DATE';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'timestamptz':
      return 'TIMESTAMPTZ';
    case 'json':
      return 'SUPER';
    case 'decimal':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'text':
      return `VARCHAR(${type.bytes})`;
  }
}
