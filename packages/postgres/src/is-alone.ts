import { tokenize } from '@millrace/core';

const ALONE =
  /^(?:vacuum|(?:create|drop) (?:database|tablespace)|alter system|reindex (?:database|system)|(?:create (?:unique )?index|drop index|reindex \w+|alter table \S+(?: \. \S+)* detach partition \S+(?: \. \S+)*) concurrently|(?:create|drop) subscription)\b/u;

/**
 * Whether PostgreSQL refuses a statement inside of a transaction block. Comments and the case of names do not count.
 *
 * @throws LoadError `sql-syntax`
 */
export function isAlone(sql: string): boolean {
  const shape = tokenize(sql).map(({ kind, text }) => (kind === 'quoted' ? 'name' : text));
  return ALONE.test(shape.join(' '));
}
