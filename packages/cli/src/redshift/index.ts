/*
 * `millrace/redshift`: an offline Redshift with its Data API, started from any program.
 */
export {
  type CompletionEvent,
  type Credentials,
  DataApiServer,
  type DataApiServerOptions,
  type EventSink,
  type FaultSettings,
  Faults,
  type Limits,
} from '@millrace/redshift-local/data-api';
export { sqsSink, webhookSink } from './event-sinks.ts';
export type { ObjectsPlace } from './open-objects.ts';
export { type RunningRedshift, type StartRedshiftOptions, startRedshift } from './start-redshift.ts';
