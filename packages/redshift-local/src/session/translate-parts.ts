import assert from 'node:assert';
import { translateSql } from '../translate/translate-sql.ts';

const BEFORE_TABLES = 'select * from ';
const AFTER_WITH = ' select 1';

/** The tables of a FROM or USING clause in DuckDB SQL: translated as part of a query, which is cut off again. */
export function translateTables(tables: string): string {
  const query = translateSql(`${BEFORE_TABLES}${tables}`);
  assert(query.startsWith(BEFORE_TABLES), `a FROM clause was translated into something else: ${query}`);
  return query.slice(BEFORE_TABLES.length);
}

/** `WITH …` in DuckDB SQL, with a blank behind; empty for an empty one. */
export function translateWith(prefix: string): string {
  if (prefix === '') return '';
  const query = translateSql(`${prefix}${AFTER_WITH}`);
  const end = query.toLowerCase().lastIndexOf(AFTER_WITH);
  assert(end > 0, `a WITH list was translated into something else: ${query}`);
  return `${query.slice(0, end)} `;
}
