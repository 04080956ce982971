export * from './cluster-state.ts';
export * from './data-api-warehouse.ts';
export * from './redshift-availability.ts';
export type { WarehouseAddress, WarehousePlace } from './warehouse-address.ts';
export * from './workgroup-state.ts';
