import { tokenize } from '@millrace/core';

const ALONE =
  /^(?:alter table \S+(?: \. \S+)* (?:alter (?:column )?\S+ type|append)|vacuum|(?:create|drop) (?:database|external table))\b/u;

/**
 * Whether Redshift refuses a statement inside of a transaction block (AWS docs: ALTER TABLE, ALTER TABLE APPEND, VACUUM,
 * CREATE and DROP DATABASE, external tables). Comments and the case of names do not count.
 *
 * @throws LoadError `sql-syntax`
 */
export function isAlone(sql: string): boolean {
  const shape = tokenize(sql).map(({ kind, text }) => (kind === 'quoted' ? 'name' : text));
  return ALONE.test(shape.join(' '));
}
