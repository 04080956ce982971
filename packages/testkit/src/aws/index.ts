export * from './aws-client-config.ts';
export * from './emulated-dynamodb.ts';
export * from './emulated-s3-and-sqs.ts';
