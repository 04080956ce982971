export { checkStream } from './check-stream.ts';
export * from './kinesis-event.ts';
export * from './kinesis-reader.ts';
export * from './kinesis-stream.ts';
export * from './kinesis-writer.ts';
export { type AggregateLimits, KplAggregate, type PackedRecord } from './kpl-aggregate.ts';
export type { UserRecord } from './kpl-format.ts';
export { readAggregate } from './read-aggregate.ts';
