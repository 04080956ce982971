export { type AwsClientOptions, awsClientOptions } from './aws-client-options.ts';
