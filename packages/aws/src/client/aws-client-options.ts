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
 * The same for SQS. A queue's URL names a host that a client may not be able to reach an emulator by: with an endpoint,
 * requests go there.
 */
export function sqsClientOptions(
  place: AwsPlace,
): AwsClientOptions & { readonly useQueueUrlAsEndpoint?: boolean } {
  return place.endpoint === undefined
    ? awsClientOptions(place)
    : { ...awsClientOptions(place), useQueueUrlAsEndpoint: false };
}

/**
 * Where the queue with this URL is: in one of AWS's regions, or at the URL's own host. Emulators may put `sqs.<region>.`
 * before an address in numbers: that is no host, the numbers are.
 */
export function placeOfQueue(queueUrl: string): AwsPlace {
  const url = queueUrl.replace(/^(https?:\/\/)sqs\.[a-z0-9-]+\.(?=\d+\.\d+\.\d+\.\d+[:/])/u, '$1');
  const [origin = '', host = ''] = /^https?:\/\/([^/:]+)(?::\d+)?/u.exec(url) ?? [];
  if (!host.endsWith('.amazonaws.com')) return { endpoint: origin };
  return { region: /^sqs\.([a-z0-9-]+)\./u.exec(host)?.[1] };
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
