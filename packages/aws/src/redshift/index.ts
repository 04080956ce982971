export * from './data-api-warehouse.ts';
export type { WarehouseAddress, WarehousePlace } from './warehouse-address.ts';
