export * from './check-notifications.ts';
export * from './s3-object-store.ts';
