export { type AlertNotice, type AlertShape, readSentryDsn } from './alert-shapes.ts';
export { type OpenedHook, openLoadedHooks } from './loaded-hooks.ts';
export * from './open-channels.ts';
export * from './webhook-alerts.ts';
