export { type AlertNotice, type AlertShape, readSentryDsn } from './alert-shapes.ts';
export * from './open-channels.ts';
export * from './webhook-alerts.ts';
