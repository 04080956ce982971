export type { Adapters, AnnouncementOptions, WakeSource } from './adapters.ts';
export { BACKUP_FILES } from './back-up.ts';
export type { HeldLane } from './drain-lanes.ts';
export { LaneDriver } from './lane-driver.ts';
export { Millrace } from './millrace.ts';
export type { MillraceOptions } from './millrace-options.ts';
export { openAdapters } from './open-adapters.ts';
export type { OpenAdaptersOptions } from './open-context.ts';
