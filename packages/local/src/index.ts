export * from './filesystem/directory-object-store.ts';
export * from './filesystem/directory-watcher.ts';
export * from './sqlite/sqlite-tracker.ts';
export * from './sqlite/sqlite-wake-queue.ts';
export * from './sqlite/state-lock.ts';
export * from './warehouse/embedded-redshift.ts';
