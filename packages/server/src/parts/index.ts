/** What a producer is made of, for those who have an HTTP server already: a function behind a URL, say. */

export type { ApiKey } from '../api-keys.ts';
export type { IntakeResult, RejectedEvent } from '../event-intake.ts';
export { type Problem, ProblemError, problemBody, problemHeaders } from '../problem.ts';
export { EVENTS_PATH, Producer, type ProducerRequest } from '../producer.ts';
export { readServerSettings, type ServerSettings } from '../read-settings.ts';
export type { ServerLimits, ServerOptions } from '../server-options.ts';
