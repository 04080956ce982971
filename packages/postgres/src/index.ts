export { checkTargets } from './check-targets.ts';
export { toFileReading } from './copy/file-reading.ts';
export * from './postgres-dialect.ts';
export * from './postgres-errors.ts';
export * from './postgres-warehouse.ts';
