import { relationMissing } from '../catalog/catalog-view.ts';
import { toDuckType } from '../catalog/duck-type.ts';
import { fitSql } from '../catalog/fit-value.ts';
import { quoteName } from '../catalog/quote.ts';
import {
  type ColumnDefinition,
  keyOf,
  type RelationDefinition,
  relationKey,
  type TableDefinition,
} from '../catalog/table-definition.ts';
import { disownSchema, giveSchema } from '../privilege/execute-privilege.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { AlterAction, AlterTable, DropRelations } from '../sql/statement.ts';
import type { QualifiedName } from '../sql/token-cursor.ts';
import type { Backend } from './backend.ts';
import { alreadyExists, createColumn, createTableSql, sequencesOf } from './execute-create.ts';
import { columnOf } from './execute-dml.ts';
import { type CommandResult, command } from './result.ts';

/** ALTER TABLE. `isInBlock`: between BEGIN and COMMIT, where Redshift refuses some of its forms. */
export async function executeAlterTable(
  backend: Backend,
  { name, action }: AlterTable,
  { isInBlock }: { isInBlock: boolean },
): Promise<CommandResult> {
  if (isInBlock && action.kind === 'alter-type') throw notInBlock('ALTER TABLE ALTER COLUMN');
  if (isInBlock && action.kind === 'append') throw notInBlock('ALTER TABLE APPEND');
  const table = await backend.lockTable(name, 'exclusive', 'owner');
  if (['rename-table', 'rename-column', 'drop-column'].includes(action.kind)) expectNoViews(backend, table);
  await alter(backend, table, action);
  return command('ALTER TABLE');
}

/**
 * In Redshift a view follows the renaming of what it reads. DuckDB keeps its text, which would fail at the next
 * SELECT: better that the ALTER fails.
 */
function expectNoViews(backend: Backend, table: TableDefinition): void {
  const [view] = backend.catalog.dependentViews(keyOf(table));
  if (view === undefined) return;
  throw new RedshiftError(`cannot alter table ${table.name} because other objects depend on it`, {
    sqlState: '2BP01',
    detail: `view ${view.name} reads it, and redshift-local does not carry views along: drop the view first`,
  });
}

export function notInBlock(what: string): RedshiftError {
  return new RedshiftError(`${what} cannot run inside a transaction block`, { sqlState: '25001' });
}

async function alter(backend: Backend, table: TableDefinition, action: AlterAction): Promise<void> {
  const name = backend.duckName(table);
  switch (action.kind) {
    case 'add-column': {
      if (table.columns.some((column) => column.name === action.column.name)) {
        throw columnExists(action.column.name, table);
      }
      const { isTemporary, relationId } = table;
      const columnNumber = table.columns.length;
      const column = await createColumn(backend, action.column, { isTemporary, relationId, columnNumber });
      await addColumn(backend, table, column);
      return replace(backend, table, { ...table, columns: [...table.columns, column] });
    }
    case 'drop-column': {
      const dropped = columnOf(table, action.column);
      if (table.columns.length === 1) {
        throw new RedshiftError('cannot drop the last column of a table', { sqlState: '0A000' });
      }
      await backend.run(`ALTER TABLE ${name} DROP COLUMN ${quoteName(action.column)}`);
      for (const sequence of sequencesOf([dropped])) await backend.run(`DROP SEQUENCE ${sequence}`);
      return replace(backend, table, {
        ...table,
        columns: table.columns.filter((column) => column.name !== action.column),
      });
    }
    case 'rename-column': {
      columnOf(table, action.column);
      if (table.columns.some((column) => column.name === action.to)) throw columnExists(action.to, table);
      await backend.run(
        `ALTER TABLE ${name} RENAME COLUMN ${quoteName(action.column)} TO ${quoteName(action.to)}`,
      );
      const columns = table.columns.map((column) =>
        column.name === action.column ? { ...column, name: action.to } : column,
      );
      return replace(backend, table, { ...table, columns });
    }
    case 'rename-table':
      return rename(backend, table, action.to);
    case 'alter-type':
      return widen(backend, table, action);
    case 'append':
      return append(backend, table, action.from);
    case 'owner':
      return replace(backend, table, { ...table, owner: action.owner });
    case 'attributes':
      return replace(backend, table, { ...table, attributes: { ...table.attributes, ...action.attributes } });
  }
}

/**
 * DuckDB cannot add a column with NOT NULL, nor set it on a column that the same transaction added: for that one the
 * table is written anew, in its place.
 */
async function addColumn(backend: Backend, table: TableDefinition, column: ColumnDefinition): Promise<void> {
  const { name, type, isNullable, defaultSql } = column;
  const duckName = backend.duckName(table);
  const preset = defaultSql === undefined ? 'NULL' : fitSql(defaultSql, type);
  if (isNullable) {
    await backend.run(
      `ALTER TABLE ${duckName} ADD COLUMN ${quoteName(name)} ${toDuckType(type)} DEFAULT ${preset}`,
    );
    return;
  }
  const copy = `rebuilt ${table.name}`;
  const duckCopy = backend.duckName({ schema: table.schema, name: copy });
  await backend.run(createTableSql(backend, { ...table, name: copy, columns: [...table.columns, column] }));
  await backend.run(`INSERT INTO ${duckCopy} SELECT *, ${preset} FROM ${duckName}`);
  await backend.run(`DROP TABLE ${duckName}`);
  await backend.run(`ALTER TABLE ${duckCopy} RENAME TO ${quoteName(table.name)}`);
}

async function replace(backend: Backend, before: TableDefinition, after: TableDefinition): Promise<void> {
  if (keyOf(before) !== keyOf(after)) await backend.write(backend.catalog.remove(before));
  await backend.write(backend.catalog.put(after));
}

function columnExists(column: string, table: TableDefinition): RedshiftError {
  return new RedshiftError(`column "${column}" of relation "${table.name}" already exists`, {
    sqlState: '42701',
  });
}

async function rename(backend: Backend, table: TableDefinition, to: string): Promise<void> {
  const key = relationKey(table.schema, to);
  await backend.lock([key], 'exclusive');
  if (backend.catalog.byKey(key) !== undefined) throw alreadyExists(to);
  await backend.run(`ALTER TABLE ${backend.duckName(table)} RENAME TO ${quoteName(to)}`);
  await replace(backend, table, { ...table, name: to });
}

/** Only the length of a VARCHAR can change, and only what is declared: DuckDB does not know it. */
async function widen(
  backend: Backend,
  table: TableDefinition,
  { column: name, type }: Extract<AlterAction, { kind: 'alter-type' }>,
): Promise<void> {
  const column = columnOf(table, name);
  if (column.type.name !== 'varchar' || type.name !== 'varchar') {
    throw new RedshiftError(`cannot alter type of column "${name}": only VARCHAR columns can be altered`, {
      sqlState: '0A000',
    });
  }
  if (type.length < column.type.length) {
    const longest = await backend.run(
      `SELECT max(strlen(${quoteName(name)})) FROM ${backend.duckName(table)}`,
    );
    const [[bytes] = []] = await longest.getRowsJson();
    if (Number(bytes ?? 0) > type.length) {
      throw new RedshiftError(
        `cannot alter column "${name}" because its data is longer than the new length ${type.length}`,
        { sqlState: '22001' },
      );
    }
  }
  const columns = table.columns.map((candidate) => (candidate === column ? { ...column, type } : candidate));
  await replace(backend, table, { ...table, columns });
}

/** Moves all rows of `from`, which is empty afterwards. */
async function append(backend: Backend, table: TableDefinition, from: QualifiedName): Promise<void> {
  const source = await backend.lockTable(from, 'exclusive', 'owner');
  if (keyOf(source) === keyOf(table)) {
    // The rows would be appended, and then deleted with the source's.
    throw new RedshiftError('Source and target tables of ALTER TABLE APPEND must be different', {
      sqlState: '0A000',
    });
  }
  const shape = ({ columns }: TableDefinition): string =>
    JSON.stringify(columns.map(({ name, type, isNullable }) => [name, type, isNullable]));
  if (shape(table) !== shape(source)) {
    throw new RedshiftError('Columns of source and target tables of ALTER TABLE APPEND are not the same', {
      sqlState: '42804',
    });
  }
  await backend.run(`INSERT INTO ${backend.duckName(table)} SELECT * FROM ${backend.duckName(source)}`);
  await backend.run(`DELETE FROM ${backend.duckName(source)}`);
}

/** DROP TABLE and DROP VIEW. */
export async function executeDrop(backend: Backend, statement: DropRelations): Promise<CommandResult> {
  const what = statement.relation === 'table' ? 'Table' : 'View';
  const tag = `DROP ${what.toUpperCase()}`;
  for (const name of statement.names) {
    const relation = backend.catalog.find(name);
    if (relation === undefined) {
      if (statement.ifExists) continue;
      throw new RedshiftError(`${what} "${name.name}" does not exist`, { sqlState: '42P01' });
    }
    if (relation.kind !== statement.relation) {
      throw new RedshiftError(`"${name.name}" is not a ${statement.relation}`, { sqlState: '42809' });
    }
    backend.access.expectRelation(relation, 'owner');
    await backend.lock([keyOf(relation)], 'exclusive');
    const now = backend.catalog.byKey(keyOf(relation));
    if (now === undefined) {
      if (statement.ifExists) continue;
      throw relationMissing(name);
    }
    await dropRelation(backend, now, statement);
  }
  return command(tag);
}

export async function dropRelation(
  backend: Backend,
  relation: RelationDefinition,
  { isCascade }: { isCascade: boolean },
): Promise<void> {
  if (relation.kind === 'procedure') {
    await backend.write(backend.catalog.remove(relation));
    return;
  }
  const views = relation.kind === 'table' ? backend.catalog.dependentViews(keyOf(relation)) : [];
  if (views.length > 0 && !isCascade) {
    throw new RedshiftError(`cannot drop table ${relation.name} because other objects depend on it`, {
      sqlState: '2BP01',
      detail: `view ${views[0]?.name} depends on table ${relation.name}. Use DROP ... CASCADE to drop the dependent objects too.`,
    });
  }
  for (const view of views) await dropRelation(backend, view, { isCascade });
  await backend.run(`DROP ${relation.kind === 'table' ? 'TABLE' : 'VIEW'} ${backend.duckName(relation)}`);
  const sequences = relation.kind === 'table' ? sequencesOf(relation.columns) : [];
  for (const sequence of sequences) await backend.run(`DROP SEQUENCE ${sequence}`);
  await backend.write(backend.catalog.remove(relation));
}

export async function executeCreateSchema(
  backend: Backend,
  { name, ifNotExists, owner }: { name: string; ifNotExists: boolean; owner?: string },
): Promise<CommandResult> {
  backend.access.expectSchemaCreation();
  if (backend.catalog.hasSchema(name)) {
    if (ifNotExists) return command('CREATE SCHEMA');
    throw new RedshiftError(`Schema "${name}" already exists`, { sqlState: '42P06' });
  }
  if (backend.catalog.isReservedSchema(name)) {
    throw new RedshiftError(`unacceptable schema name "${name}": it is reserved`, { sqlState: '42939' });
  }
  await backend.lock([relationKey(name, '')], 'exclusive');
  await backend.run(`CREATE SCHEMA IF NOT EXISTS ${quoteName(backend.catalog.database)}.${quoteName(name)}`);
  backend.catalog.putSchema(name);
  const newOwner = owner ?? backend.access.ownership.owner;
  if (newOwner !== undefined) await giveSchema(backend, { schema: name, owner: newOwner });
  return command('CREATE SCHEMA');
}

export async function executeDropSchema(
  backend: Backend,
  { names, ifExists, isCascade }: { names: readonly string[]; ifExists: boolean; isCascade: boolean },
): Promise<CommandResult> {
  for (const name of names) {
    if (!backend.catalog.hasSchema(name) || backend.catalog.isReservedSchema(name)) {
      if (ifExists) continue;
      throw new RedshiftError(`schema "${name}" does not exist`, { sqlState: '3F000' });
    }
    backend.access.expectSchemaOwner(name);
    await backend.lock([relationKey(name, '')], 'exclusive');
    const relations = backend.catalog.relationsIn(name);
    if (relations.length > 0 && !isCascade) {
      throw new RedshiftError(`cannot drop schema ${name} because other objects depend on it`, {
        sqlState: '2BP01',
        detail: `${relations[0]?.kind} ${relations[0]?.name} depends on schema ${name}. Use DROP ... CASCADE to drop the dependent objects too.`,
      });
    }
    for (const relation of relations) {
      await backend.lock([keyOf(relation)], 'exclusive');
      // A view may be gone already, with the table that it reads.
      if (backend.catalog.byKey(keyOf(relation)) !== undefined)
        await dropRelation(backend, relation, { isCascade });
    }
    await backend.run(`DROP SCHEMA ${quoteName(backend.catalog.database)}.${quoteName(name)}`);
    await disownSchema(backend, name, { isDropped: true });
    backend.catalog.removeSchema(name);
  }
  return command('DROP SCHEMA');
}
