import { keyOf, type ProcedureDefinition } from '../catalog/table-definition.ts';
import { callProcedure } from '../procedure/call-procedure.ts';
import { parseCreateProcedure } from '../procedure/parse-create-procedure.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { QualifiedName } from '../sql/token-cursor.ts';
import type { Backend } from './backend.ts';
import { type CommandResult, command, type Result, type Value } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** Keeps the procedure's text in the catalog, under its name and the types of its parameters: names can be overloaded. */
export async function executeCreateProcedure(backend: Backend, sql: string): Promise<CommandResult> {
  const { name, orReplace, parameters } = parseCreateProcedure(sql);
  const types = parameters.filter(({ mode }) => mode !== 'out').map(({ type }) => type.toLowerCase());
  const place = await backend.lockNewName(
    { schema: name.schema, name: `${name.name}(${types.join(', ')})` },
    false,
  );
  const before = backend.catalog.byKey(keyOf(place));
  if (before !== undefined && !orReplace) {
    throw new RedshiftError(`procedure "${name.name}" already exists with same argument types`, {
      sqlState: '42723',
    });
  }
  await backend.write(
    backend.catalog.put({
      kind: 'procedure',
      ...place,
      ...backend.access.ownership,
      procedureName: name.name,
      relationId: before?.relationId ?? backend.catalog.nextRelationId(),
      sql,
    }),
  );
  return command('CREATE PROCEDURE');
}

export async function executeDropProcedure(
  backend: Backend,
  { name, ifExists }: { name: QualifiedName; ifExists: boolean },
): Promise<CommandResult> {
  const found = findProcedures(backend, name);
  const [procedure] = found;
  if (procedure === undefined) {
    if (ifExists) return command('DROP PROCEDURE');
    throw new RedshiftError(`procedure ${name.name} does not exist`, { sqlState: '42883' });
  }
  if (found.length > 1) {
    throw new RedshiftError(`procedure name "${name.name}" is not unique: it has ${found.length} overloads`, {
      sqlState: '42725',
      detail: 'redshift-local drops a procedure by its name; keep one overload, or replace them',
    });
  }
  await backend.lock([keyOf(procedure)], 'exclusive');
  await backend.write(backend.catalog.remove(procedure));
  return command('DROP PROCEDURE');
}

/** CALL. What the procedure hands back is a row of its OUT parameters, if it has some. */
export async function executeCall(sql: string, { backend, call }: StatementContext): Promise<Result> {
  const results = await callProcedure(sql, {
    find: (name) => findProcedures(backend, name).map((procedure) => parseCreateProcedure(procedure.sql)),
    execute: async (text) => {
      await call(text);
    },
    queryRow: async (text) => {
      const result = await call(text);
      return result.kind === 'rows' ? result.rows[0] : undefined;
    },
    // RAISE INFO goes to a client's console, and nobody has one here.
    notice: () => {},
  });
  if (results.length === 0) return command('CALL');
  return {
    kind: 'rows',
    columns: results.map(({ name, type }) => ({ name, type })),
    rows: [results.map(({ value }): Value => value)],
  };
}

function findProcedures(backend: Backend, name: QualifiedName): ProcedureDefinition[] {
  const schemas = name.schema === undefined ? backend.catalog.searchPath : [name.schema];
  for (const schema of schemas) {
    const found = backend.catalog
      .relationsIn(schema)
      .filter((relation) => relation.kind === 'procedure')
      .filter(({ procedureName }) => procedureName === name.name);
    if (found.length > 0) return found;
  }
  return [];
}
