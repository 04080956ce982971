export * from './contract/object-store-contract.ts';
export * from './contract/opened.ts';
export * from './contract/tracker-contract.ts';
export * from './contract/wake-queue-contract.ts';
export * from './contract/warehouse-contract.ts';
export * from './memory/memory-object-store.ts';
export * from './memory/memory-tracker.ts';
export * from './memory/memory-wake-queue.ts';
