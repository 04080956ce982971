export type { ApiKey } from './api-keys.ts';
export type { IntakeResult, RejectedEvent } from './event-intake.ts';
export type { JsonSchema } from './event-schemas.ts';
export { ProducerMetrics, type StoredRecordFigures } from './producer-metrics.ts';
export type { RateLimitOptions } from './rate-limit.ts';
export type { ServerLimits, ServerOptions } from './server-options.ts';
export { type ProducerServer, startServer } from './start-server.ts';
export { github, shopify, stripe } from './webhook-presets.ts';
export type { SignatureScheme, WebhookPlace, WebhookSource } from './webhook-source.ts';
