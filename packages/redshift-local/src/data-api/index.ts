export { ApiError } from './api-error.ts';
export type { Credentials } from './authenticate.ts';
export type { CompletionEvent } from './completion-event.ts';
export { DataApiServer, type DataApiServerOptions } from './data-api-server.ts';
export type { EventSink } from './event-feed.ts';
export { FAULTS_PATH } from './fault-endpoint.ts';
export { FAULT_NAMES, type FaultName, type FaultSettings, Faults, parseFault } from './faults.ts';
export { AWS_RATES, DEFAULT_LIMITS, type Limits } from './limits.ts';
