export type { TableLoaded } from '@millrace/core';
export { type Composition, compose, type Overrides } from './compose.ts';
export { handler as bulkLoader } from './entry/bulk-loader.ts';
export { handler as deploymentStep } from './entry/deployment-step.ts';
export { handler as eventConsumer } from './entry/event-consumer.ts';
export { handler as eventProducer } from './entry/event-producer.ts';
export { handler as lister } from './entry/lister.ts';
export { handler as microbatchLoader } from './entry/microbatch-loader.ts';
export { handler as nextLoader } from './entry/next-loader.ts';
export { handler as redshiftTasker } from './entry/redshift-tasker.ts';
export { handler as sweeper } from './entry/sweeper.ts';
export type { Environment } from './environment.ts';
export type { FunctionUrlEvent, HttpAnswer } from './event/function-url-event.ts';
export type { InvocationContext, SqsBatchResponse } from './event/lambda-event.ts';
export { type BulkReport, createBulkLoader } from './handlers/bulk-loader.ts';
export { createEventConsumer, type StreamBatchResponse } from './handlers/event-consumer.ts';
export { createEventProducer } from './handlers/event-producer.ts';
export { createLister } from './handlers/lister.ts';
export { createMicrobatchLoader } from './handlers/microbatch-loader.ts';
export { createNextLoader } from './handlers/next-loader.ts';
export { createRedshiftTasker, type TaskerAnswer } from './handlers/redshift-tasker.ts';
export { createSweeper, type SweeperReport } from './handlers/sweeper.ts';
export type { Log, LogFields } from './log.ts';
export {
  composeProducer,
  type ProducerComposition,
  type ProducerOverrides,
} from './producer/compose-producer.ts';
export { composeTasker, type TaskerComposition, type TaskerOverrides } from './tasker/compose-tasker.ts';
