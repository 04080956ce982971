export { STL_LOAD_ERROR_COLUMNS, SYS_LOAD_ERROR_COLUMNS, toCopyError } from './copy-error-rows.ts';
export * from './quote.ts';
export * from './redshift-dialect.ts';
export * from './redshift-errors.ts';
