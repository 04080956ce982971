import type { AwsPlace } from '@millrace/core';

/** With an address of its own a service needs no region, and the SDK asks for one all the same. */
const ANY_REGION = 'us-east-1';

/** What a client of the AWS SDK is made with; what is left open the SDK finds itself. */
export function awsClientOptions({ region, endpoint }: AwsPlace): { region?: string; endpoint?: string } {
  if (endpoint === undefined) return region === undefined ? {} : { region };
  return {
    endpoint,
    region: region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? ANY_REGION,
  };
}
