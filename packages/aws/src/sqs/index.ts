export type { ReceiveOptions } from './message-source.ts';
export * from './sqs-notifications.ts';
export * from './sqs-wake-queue.ts';
export * from './wake-message.ts';
