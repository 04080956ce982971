import { LoadError } from '../recover/load-error.ts';

/**
 * A plain identifier of Redshift, which needs no quotes: ASCII letters, digits, `_`, `$` and any character beyond ASCII.
 * No `\p{L}`: the pattern goes into the JSON Schema, where nobody knows whether it is read with the `u` flag.
 */
export const IDENTIFIER = /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]{0,126}$/;
const MAX_BYTES = 127;

/**
 * The name of a target as `schema.table`, in lower case as Redshift folds it; without a schema it is in `public`.
 *
 * @throws LoadError `invalid-target`
 */
export function parseTargetName(text: string): string {
  const parts = text.split('.');
  const hint = 'write schema.table, in letters, digits and _';
  if (parts.length > 2) {
    throw new LoadError('invalid-target', `'${text}' has more than a schema and a table`, {
      hint: `${hint}; the database is the warehouse's`,
    });
  }
  for (const part of parts) {
    if (!IDENTIFIER.test(part) || Buffer.byteLength(part) > MAX_BYTES) {
      throw new LoadError('invalid-target', `'${text}' is not the name of a table`, { hint });
    }
  }
  const [schema, table] = parts.length === 2 ? parts : ['public', text];
  return `${schema}.${table}`.toLowerCase();
}
