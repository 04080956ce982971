export * from './cluster-state.ts';
export * from './data-api-warehouse.ts';
export type { WarehouseAddress, WarehousePlace } from './warehouse-address.ts';
export * from './workgroup-state.ts';
