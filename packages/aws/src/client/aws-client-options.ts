import type { AwsPlace } from '@millrace/core';

/** With an address of its own a service needs no region, and the SDK asks for one all the same. */
const ANY_REGION = 'us-east-1';

export interface AwsClientOptions {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What a client of the AWS SDK is made with; what is left open the SDK finds itself. */
export function awsClientOptions({ region, endpoint }: AwsPlace): AwsClientOptions {
  if (endpoint === undefined) return region === undefined ? {} : { region };
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return {
    endpoint,
    region: region ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? ANY_REGION,
    ...emulatorCredentials(endpoint),
  };
}

/**
 * Emulators look at no keys, but the SDK wants some; without these it would ask a cloud's instance metadata for them,
 * for seconds. Keys of the environment and a named profile come first.
 */
function emulatorCredentials(endpoint: string): Pick<AwsClientOptions, 'credentials'> {
  const isAws = new URL(endpoint).hostname.endsWith('.amazonaws.com');
  const hasOwn = process.env.AWS_ACCESS_KEY_ID !== undefined || process.env.AWS_PROFILE !== undefined;
  if (isAws || hasOwn) return {};
  return { credentials: { accessKeyId: 'millrace', secretAccessKey: 'millrace' } };
}
