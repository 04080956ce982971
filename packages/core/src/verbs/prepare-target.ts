import { ledgerOf } from '../load/ledger.ts';
import { missingTable } from '../load/missing-table.ts';
import { planLedger } from '../load/plan-load.ts';
import { checkPartitionColumns } from '../load/plan-partition.ts';
import { checkProvenance } from '../load/provenance.ts';
import { LoadError } from '../recover/load-error.ts';
import { changeRenderer } from './evolve-table.ts';
import { definitionOf, type Loader } from './loader.ts';

/**
 * Makes a target ready: its table is there, its key and order columns are columns and so are those of its provenance, its ledger
 * exists. A tracker that
 * was lost gets the fence back from the receipts, so that it never goes backwards.
 *
 * @throws LoadError `target-table-missing`, `target-column-missing`, `provenance-columns-missing`,
 * `provenance-columns-wrong`, `drift-unsupported` (class `config`)
 */
export async function prepareTarget(loader: Loader, target: string): Promise<void> {
  const { rule, partition, drift } = definitionOf(loader, target);
  const { warehouse, tracker } = loader;
  const columns = await warehouse.describeTable(target);
  if (columns === undefined) throw await missingTable(warehouse, target);
  if (drift !== undefined) changeRenderer(warehouse, target);
  if (rule.provenance === true) checkProvenance(target, columns);
  if (partition !== undefined) checkPartitionColumns(target, { partition, tableColumns: columns });
  for (const statement of planLedger(target, rule, columns)) {
    await warehouse.transact([warehouse.dialect.render(statement)]).catch((error: unknown) => {
      // Who may only use the schema that somebody made for it is refused even when it is there; its tables tell.
      const isRefused = error instanceof LoadError && error.code === 'permission-denied';
      if (statement.kind !== 'create-schema' || !isRefused) throw error;
    });
  }
  const { schema, name } = ledgerOf(target).receipts;
  // With a million receipts the guard costs what it costs with a thousand; Redshift has it from the sort key.
  await warehouse.indexLookups?.(`${schema}.${name}`, 'key_id');
  const lane = await tracker.lane(target);
  if (lane.version > 0) return;
  const sql = warehouse.dialect.render({ kind: 'summarise-receipts', receipts: ledgerOf(target).receipts });
  const [summary] = await warehouse.transact([sql]);
  const fence = Number(summary?.max_fence ?? 0);
  const loadedFiles = Number(summary?.files ?? 0);
  if (fence > lane.fence || loadedFiles > 0) await tracker.putLane({ ...lane, fence, loadedFiles });
}
