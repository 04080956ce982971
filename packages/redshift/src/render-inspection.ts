import type { InspectionStatement } from '@millrace/core';
import { quoteList, quoteName, quoteTable, quoteText } from './quote.ts';

/** What people ask of the warehouse, and no load does. */
export function renderInspection(statement: InspectionStatement): string {
  switch (statement.kind) {
    case 'select-clock':
      return 'SELECT CAST(EXTRACT(epoch FROM GETDATE()) * 1000 AS BIGINT) AS now_ms';
    case 'select-privileges': {
      const table = quoteText(quoteTable(statement.table));
      const columns = statement.privileges.map(
        (privilege) =>
          `CASE WHEN has_table_privilege(${table}, '${privilege}') THEN 1 ELSE 0 END AS "${privilege.toLowerCase()}"`,
      );
      return `SELECT ${columns.join(', ')}`;
    }
    case 'find-repeated-keys': {
      const { key, target, limit } = statement;
      return `SELECT ${quoteList(key)}, COUNT(*) AS found FROM ${quoteTable(target)}
WHERE ${key.map((name) => `${quoteName(name)} IS NOT NULL`).join(' AND ')}
GROUP BY ${quoteList(key)} HAVING COUNT(*) > 1 LIMIT ${limit}`;
    }
    case 'drop-table':
      return `DROP TABLE IF EXISTS ${quoteTable(statement.table)}`;
  }
}
