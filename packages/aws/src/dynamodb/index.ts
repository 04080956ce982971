export * from './create-tracker-table.ts';
export * from './dynamodb-seals.ts';
export * from './dynamodb-tracker.ts';
