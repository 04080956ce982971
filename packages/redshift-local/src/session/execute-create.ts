import { CATALOG_SCHEMA } from '../catalog/catalog.ts';
import { toDuckType } from '../catalog/duck-type.ts';
import { queryColumnTypes } from '../catalog/query-columns.ts';
import { quoteName } from '../catalog/quote.ts';
import type {
  ColumnDefinition,
  IdentityDefinition,
  TableAttributes,
  TableDefinition,
} from '../catalog/table-definition.ts';
import { MAY_SELECT } from '../privilege/access.ts';
import { RedshiftError } from '../redshift-error.ts';
import type {
  ColumnDeclaration,
  CreateTable,
  CreateTableAs,
  CreateView,
  LikeClause,
} from '../sql/statement.ts';
import { translateExpression, translateSql } from '../translate/translate-sql.ts';
import type { Backend } from './backend.ts';
import { insertFrom } from './execute-dml.ts';
import { qualifyTables } from './qualify-tables.ts';
import { type CommandResult, command } from './result.ts';

export async function executeCreateTable(backend: Backend, statement: CreateTable): Promise<CommandResult> {
  const place = await backend.lockNewName(statement.name, statement.isTemporary);
  if (await exists(backend, place, statement)) return command('CREATE TABLE');
  let { attributes } = statement;
  const relationId = backend.catalog.nextRelationId();
  const columns: ColumnDefinition[] = [];
  for (const element of statement.elements) {
    if (element.kind === 'column') {
      columns.push(
        await createColumn(backend, element, {
          isTemporary: statement.isTemporary,
          relationId,
          columnNumber: columns.length,
        }),
      );
    } else {
      const parent = await backend.lockTable(element.parent, 'read', MAY_SELECT);
      columns.push(...columnsLike(parent, element));
      attributes = inheritAttributes(attributes, parent.attributes);
    }
  }
  const { isTemporary } = statement;
  await createTable(backend, {
    kind: 'table',
    ...place,
    ...backend.access.ownership,
    relationId,
    isTemporary,
    columns,
    attributes,
  });
  return command('CREATE TABLE');
}

/**
 * How a staging table is made in another's shape: there is nothing to run then. No brackets, since an aggregate has a
 * row even so; no minus or slash, since the condition could stand in a comment.
 */
const ALWAYS_EMPTY = /^\s*select\b(?!.*\bunion\b)[^()/-]*\bwhere\s+false\s*$/isu;

/** CTAS inherits types and nothing else: no NOT NULL, no defaults, no identity. */
export async function executeCreateTableAs(
  backend: Backend,
  statement: CreateTableAs,
): Promise<CommandResult> {
  const place = await backend.lockNewName(statement.name, statement.isTemporary);
  if (await exists(backend, place, statement)) return command('CREATE TABLE AS');
  const query = translateSql(statement.query);
  await backend.lockTablesOf(query);
  const described = await backend.describe(query);
  const found = Array.from({ length: described.columnCount }, (_, at) => ({
    name: described.columnName(at).toLowerCase(),
    duckType: described.columnType(at),
  }));
  const names = statement.columns ?? found.map(({ name }) => name);
  if (names.length !== found.length) {
    throw new RedshiftError('CREATE TABLE AS specifies too many column names', { sqlState: '42601' });
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new RedshiftError(`column "${twice}" specified more than once`, { sqlState: '42701' });
  const types = queryColumnTypes(statement.query, found, (name) => {
    const relation = backend.catalog.find(name);
    return relation?.kind === 'table' ? relation : undefined;
  });
  const columns = names.map((name, at): ColumnDefinition => {
    const type = types[at];
    if (type === undefined) throw new RedshiftError(`column "${name}" has no type`);
    return { name, type, isNullable: true };
  });
  const table: TableDefinition = {
    kind: 'table',
    ...place,
    ...backend.access.ownership,
    relationId: backend.catalog.nextRelationId(),
    isTemporary: statement.isTemporary,
    columns,
    attributes: statement.attributes,
  };
  await createTable(backend, table);
  if (ALWAYS_EMPTY.test(statement.query)) return command('SELECT');
  const { rowsAffected } = await insertFrom(backend, table, { columns, source: `(${query})` });
  return command('SELECT', rowsAffected);
}

export async function executeCreateView(backend: Backend, statement: CreateView): Promise<CommandResult> {
  const place = await backend.lockNewName(statement.name, false);
  const before = backend.catalog.byKey(`${place.schema}.${place.name}`);
  if (before !== undefined && !(statement.orReplace && before.kind === 'view'))
    throw alreadyExists(place.name);
  if (before !== undefined) backend.access.expectRelation(before, 'owner');
  const translated = translateSql(statement.query);
  const tables = await backend.lockTablesOf(translated);
  const query = await backend.attempt(async () =>
    qualifyTables(await backend.connection(), translated, (name) => {
      const relation = backend.catalog.find(name);
      return relation === undefined ? undefined : backend.duckName(relation);
    }),
  );
  const columns = statement.columns === undefined ? '' : ` (${statement.columns.map(quoteName).join(', ')})`;
  await backend.run(
    `CREATE ${before === undefined ? '' : 'OR REPLACE '}VIEW ${backend.duckName(place)}${columns} AS ${query}`,
  );
  await backend.write(
    backend.catalog.put({
      kind: 'view',
      ...place,
      ...(before === undefined ? backend.access.ownership : ownerOf(before)),
      relationId: before?.relationId ?? backend.catalog.nextRelationId(),
      tables,
      isLateBinding: statement.isLateBinding,
    }),
  );
  return command('CREATE VIEW');
}

function ownerOf({ owner }: { owner?: string }): { owner?: string } {
  return owner === undefined ? {} : { owner };
}

/** Creates the table in DuckDB and writes it down in the catalog, in one transaction. */
async function createTable(backend: Backend, table: TableDefinition): Promise<void> {
  if (table.columns.length === 0)
    throw new RedshiftError('a table needs at least one column', { sqlState: '42601' });
  await backend.run(createTableSql(backend, table));
  await backend.write(backend.catalog.put(table));
}

/** Keys, defaults and identity are not DuckDB's: they are kept in the catalog, and filled in by INSERT. */
export function createTableSql(backend: Backend, table: TableDefinition): string {
  const columns = table.columns.map(
    ({ name, type, isNullable }) => `${quoteName(name)} ${toDuckType(type)}${isNullable ? '' : ' NOT NULL'}`,
  );
  return `CREATE ${table.isTemporary ? 'TEMP ' : ''}TABLE ${backend.duckName(table)} (${columns.join(', ')})`;
}

async function exists(
  backend: Backend,
  place: { schema: string; name: string },
  { ifNotExists }: { ifNotExists: boolean },
): Promise<boolean> {
  if (backend.catalog.byKey(`${place.schema}.${place.name}`) === undefined) return false;
  if (ifNotExists) return true;
  throw alreadyExists(place.name);
}

export function alreadyExists(name: string): RedshiftError {
  return new RedshiftError(`Relation "${name}" already exists`, { sqlState: '42P07' });
}

/** A declared column, its default translated and the sequence of its identity created. */
export async function createColumn(
  backend: Backend,
  declaration: ColumnDeclaration,
  {
    isTemporary,
    relationId,
    columnNumber,
  }: { isTemporary: boolean; relationId: number; columnNumber: number },
): Promise<ColumnDefinition> {
  const { name, type, isNullable, defaultText, identity } = declaration;
  return {
    name,
    type,
    isNullable,
    ...(defaultText === undefined ? {} : { defaultText, defaultSql: translateExpression(defaultText) }),
    ...(identity === undefined
      ? {}
      : {
          identity: await createSequence(backend, identity, {
            isTemporary,
            sequence: `id_${relationId}_${columnNumber}`,
          }),
        }),
  };
}

/**
 * A DuckDB sequence gives unique values with gaps, which is all that Redshift's IDENTITY promises. It is no DEFAULT of
 * the DuckDB column: that dependency would keep the table from being altered.
 */
async function createSequence(
  backend: Backend,
  { kind, seed, step }: NonNullable<ColumnDeclaration['identity']>,
  { isTemporary, sequence }: { isTemporary: boolean; sequence: string },
): Promise<IdentityDefinition> {
  const schema = isTemporary ? '"temp"."main"' : `${quoteName(backend.catalog.database)}.${CATALOG_SCHEMA}`;
  const bounds =
    step > 0
      ? `MINVALUE ${Math.min(seed, 1)} MAXVALUE 9223372036854775807`
      : `MINVALUE -9223372036854775807 MAXVALUE ${Math.max(seed, -1)}`;
  await backend.run(
    `CREATE ${isTemporary ? 'TEMP ' : ''}SEQUENCE ${schema}.${sequence} INCREMENT BY ${step} ${bounds} START WITH ${seed}`,
  );
  return { kind, seed, step, sequence: `${schema}.${sequence}` };
}

/** LIKE takes names, types and NOT NULL; defaults when asked; never identity. */
function columnsLike(parent: TableDefinition, { includingDefaults }: LikeClause): ColumnDefinition[] {
  return parent.columns.map(({ name, type, isNullable, defaultText, defaultSql }) => ({
    name,
    type,
    isNullable,
    ...(includingDefaults && defaultText !== undefined && defaultSql !== undefined
      ? { defaultText, defaultSql }
      : {}),
  }));
}

function inheritAttributes(own: TableAttributes, parent: TableAttributes): TableAttributes {
  const { distStyle, distKey, sortKeys } = parent;
  return {
    ...(distStyle === undefined ? {} : { distStyle }),
    ...(distKey === undefined ? {} : { distKey }),
    ...own,
    sortKeys: own.sortKeys.length > 0 ? own.sortKeys : sortKeys,
  };
}

/** What DROP calls the sequences of a table's identity columns. */
export function sequencesOf(columns: readonly ColumnDefinition[]): string[] {
  return columns.flatMap(({ identity }) => (identity === undefined ? [] : [identity.sequence]));
}
