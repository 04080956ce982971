import type { TableColumn } from '../ports/warehouse.ts';
import { tableNameOf } from './ledger.ts';
import type { MergeRule } from './merge-rule.ts';
import { planLedger } from './plan-load.ts';
import type { Statement, TablePrivilege } from './statement.ts';
import type { TargetDefinition } from './target-definition.ts';

/** Millrace's own schema: the loader's database user owns it and makes its ledgers in it. */
const OWN_SCHEMA = 'millrace';

export interface GrantedTarget {
  readonly definition: Pick<TargetDefinition, 'name' | 'rule' | 'drift'>;
  /** The target's columns as the warehouse has them. */
  readonly tableColumns: readonly TableColumn[];
}

/**
 * All that the loader's database user needs, and nothing beyond: its own schema with the ledgers of these targets,
 * temporary tables, and on each target what its load mode does. Every statement may be repeated, by somebody who may
 * create schemas and owns the targets.
 */
export function planGrants(
  targets: readonly GrantedTarget[],
  { user, database }: { user: string; database: string },
): readonly Statement[] {
  const schemas = new Set(targets.map(({ definition }) => tableNameOf(definition.name).schema));
  return [
    { kind: 'create-schema', schema: OWN_SCHEMA },
    { kind: 'own-schema', schema: OWN_SCHEMA, user },
    { kind: 'grant-temporary-tables', database, user },
    ...[...schemas].flatMap((schema): readonly Statement[] =>
      schema === undefined ? [] : [{ kind: 'grant-schema', schema, user }],
    ),
    ...targets.flatMap((target) => planTargetGrants(target, user)),
  ];
}

function planTargetGrants({ definition, tableColumns }: GrantedTarget, user: string): readonly Statement[] {
  const { name, rule, drift } = definition;
  const privileges = privilegesFor(rule);
  const tables = planLedger(name, rule, tableColumns).filter(({ kind }) => kind !== 'create-schema');
  return [
    { kind: 'grant-table', table: tableNameOf(name), privileges, user },
    // Only its owner may change a table.
    ...(drift === undefined ? [] : [{ kind: 'own-table', table: tableNameOf(name), user } as const]),
    ...tables.flatMap((statement): readonly Statement[] => {
      const table = ledgerTableOf(statement);
      return table === undefined ? [] : [statement, { kind: 'own-table', table, user }];
    }),
  ];
}

/** An append reads its target too: which columns there are. MERGE has all four, whatever its branches do. */
export function privilegesFor({ mode, onRewrite }: MergeRule): readonly TablePrivilege[] {
  if (mode === 'upsert') return ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
  return onRewrite === 'replace' || mode === 'replace-partition'
    ? ['SELECT', 'INSERT', 'DELETE']
    : ['SELECT', 'INSERT'];
}

function ledgerTableOf(statement: Statement) {
  switch (statement.kind) {
    case 'create-receipts':
      return statement.receipts;
    case 'create-lock':
      return statement.lock;
    case 'create-graves':
      return statement.graves;
    default:
      return undefined;
  }
}
