export * from './catalog/table-info.ts';
export { type BatchOptions, RedshiftLocal, type RedshiftLocalOptions } from './engine.ts';
export * from './redshift-error.ts';
export type { CommandResult, Result, ResultColumn, RowsResult, Value } from './session/result.ts';
export type { Session } from './session/session.ts';
