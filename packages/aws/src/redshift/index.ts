export * from './check-role.ts';
export * from './cluster-state.ts';
export { DataApi, type Sent, type Submission } from './data-api.ts';
export * from './data-api-warehouse.ts';
export { findStatement } from './find-statement.ts';
export { readResult } from './read-result.ts';
export * from './redshift-availability.ts';
export type { WarehouseAddress, WarehousePlace } from './warehouse-address.ts';
export * from './workgroup-state.ts';
