export { type CheckedQueue, checkQueue, judgeQueue } from './check-queue.ts';
export type { ReceiveOptions } from './message-source.ts';
export * from './sqs-notifications.ts';
export * from './sqs-wake-queue.ts';
export * from './wake-message.ts';
