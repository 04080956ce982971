export * from './quote.ts';
export * from './redshift-dialect.ts';
export * from './redshift-errors.ts';
