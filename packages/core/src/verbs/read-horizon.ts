import { ledgerOf } from '../load/ledger.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Loader } from './loader.ts';

/** Below which a target's receipts were pruned; null: none ever were. */
export async function readHorizon({ warehouse }: Loader, target: string): Promise<EpochMs | null> {
  const { receipts } = ledgerOf(target);
  const [row] = await warehouse.transact([warehouse.dialect.render({ kind: 'select-horizon', receipts })]);
  return row === undefined ? null : Number(row.horizon_at);
}
