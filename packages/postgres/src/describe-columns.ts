import type { TableColumn } from '@millrace/core';

/**
 * The columns of a table, view or partition by schema and name. What counts itself, or is computed, is no column that files
 * have: identity, `serial`, generated.
 */
export const DESCRIBE_TABLE = `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
  NOT a.attnotnull AS "isNullable",
  a.attidentity <> '' OR a.attgenerated <> '' OR COALESCE(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', FALSE) AS "isIdentity"
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'f', 'v')
ORDER BY a.attnum`;

/** A row of `DESCRIBE_TABLE`. */
export type DescribedColumn = TableColumn;
