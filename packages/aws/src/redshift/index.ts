export * from './cluster-state.ts';
export * from './data-api-warehouse.ts';
export * from './maintenance-window.ts';
export type { WarehouseAddress, WarehousePlace } from './warehouse-address.ts';
export type { WarehouseState } from './warehouse-state.ts';
export * from './workgroup-state.ts';
