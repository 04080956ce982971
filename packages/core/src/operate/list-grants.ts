import { missingTable } from '../load/missing-table.ts';
import { type GrantedTarget, planGrants } from '../load/plan-grants.ts';
import type { Loader } from '../verbs/loader.ts';

/**
 * The SQL that gives the loader's database user all that it needs for the targets, for somebody with the rights to run
 * it. Only the tables' columns are read.
 *
 * @throws LoadError `target-table-missing`
 */
export async function listGrants(loader: Loader, { user }: { user: string }): Promise<readonly string[]> {
  const { warehouse, settings } = loader;
  const targets: GrantedTarget[] = [];
  for (const definition of loader.targets.values()) {
    const tableColumns = await warehouse.describeTable(definition.name);
    if (tableColumns === undefined) throw await missingTable(warehouse, definition.name);
    targets.push({ definition, tableColumns });
  }
  const plan = planGrants(targets, { user, database: settings.database });
  return plan.map((statement) => warehouse.dialect.render(statement));
}
