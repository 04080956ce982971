export * from './aws-client-config.ts';
export * from './created-object.ts';
export * from './emulated-dynamodb.ts';
export * from './emulated-kinesis.ts';
export * from './emulated-s3-and-sqs.ts';
export * from './notification-deliverer.ts';
export * from './s3-front.ts';
