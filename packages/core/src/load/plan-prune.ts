import type { EpochMs } from '../ports/time.ts';
import { ledgerOf } from './ledger.ts';
import type { Statement } from './statement.ts';

/**
 * One transaction that forgets receipts and raises the horizon, below the lane lock: a load of the lane sees both or
 * neither.
 */
export function planPrune(
  target: string,
  {
    fileIds,
    horizonAt,
    voidedBefore,
    fence,
    lockTimeoutMs,
  }: {
    fileIds: readonly string[];
    horizonAt: EpochMs;
    voidedBefore: EpochMs;
    fence: number;
    lockTimeoutMs: number;
  },
): readonly Statement[] {
  const { lock, receipts } = ledgerOf(target);
  return [
    { kind: 'limit-time', ms: lockTimeoutMs },
    { kind: 'lock-lane', lock },
    { kind: 'create-horizon', receipts },
    { kind: 'raise-horizon', receipts, horizonAt, fence, pruned: fileIds.length },
    ...(fileIds.length === 0 ? [] : [{ kind: 'delete-receipts', receipts, fileIds } as const]),
    { kind: 'delete-voids', receipts, voidedBefore },
    { kind: 'select-horizon', receipts },
  ];
}
