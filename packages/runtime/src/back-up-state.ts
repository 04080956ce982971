import { LoadError } from '@millrace/core';
import type { Adapters } from './adapters.ts';

/**
 * Copies tracker and warehouse into a new directory, while they are in use.
 *
 * @returns how many bytes the copy has.
 * @throws LoadError `backup-elsewhere` when the state is not on this machine, `backup-exists`
 */
export async function backUpState({ backUp }: Pick<Adapters, 'backUp'>, directory: string): Promise<number> {
  if (backUp !== undefined) return backUp(directory);
  throw new LoadError('backup-elsewhere', 'tracker and warehouse are not both on this machine', {
    hint: 'use point-in-time recovery of the DynamoDB table and snapshots of the cluster',
  });
}
