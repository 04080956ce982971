import { ledgerOf, prepareTarget } from '@millrace/core';
import type { OpenLoader } from './open-loader.ts';

/**
 * Makes a target ready, and its receipts quick to look into: with a million of them the guard costs what it costs
 * with a thousand, as it does on Redshift by the sort key.
 */
export async function readyTarget(
  { loader, engine }: Pick<OpenLoader, 'loader' | 'engine'>,
  target: string,
): Promise<void> {
  await prepareTarget(loader, target);
  const { schema, name } = ledgerOf(target).receipts;
  await engine.createLookupIndex(`${schema}.${name}`, 'key_id');
}
