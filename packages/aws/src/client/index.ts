export {
  type AwsClientOptions,
  awsClientOptions,
  placeOfQueue,
  sqsClientOptions,
} from './aws-client-options.ts';
