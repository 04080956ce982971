import { ledgerOf } from '../load/ledger.ts';
import type { TableName } from '../load/statement.ts';

/** The table that keeps how a target's table was changed: beside its receipts, made with the first change. */
export function historyOf(target: string): TableName {
  const { schema, name } = ledgerOf(target).receipts;
  const table: TableName = { name: name.replace(/^receipts_/u, 'changes_') };
  return schema === undefined ? table : { schema, ...table };
}
