export * from './create-task-table.ts';
export * from './task-statement.ts';
export * from './task-table.ts';
export * from './task-tokens.ts';
