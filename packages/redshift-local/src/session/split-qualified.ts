import { TEMPORARY_SCHEMA } from '../catalog/table-definition.ts';
import type { QualifiedName } from '../sql/token-cursor.ts';

/** One part of a name, and the dot behind it. What comes after the name (` AS alias`) ends the matching. */
const PART = /(?:"((?:[^"]|"")*)"|([^".\s]+))\.?/guy;

/** A table as DuckDB's parser writes it, `dev."public"."t" AS alias`: quoted where it must be. */
export function splitQualified(written: string): QualifiedName {
  const parts = [...written.matchAll(PART)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
  const [name, schema, database] = parts.toReversed();
  if (database === 'temp') return { schema: TEMPORARY_SCHEMA, name: name ?? '' };
  return { schema, name: name ?? '' };
}
