import { type ErrorClass, LoadError } from '@millrace/core';

/** What an AWS service, or the way to it, answered instead of a reply: the facts that rules look at. */
export interface AwsFault {
  /** The service's code for it (`NoSuchKey`), or Node's for the network (`ECONNRESET`). */
  readonly name: string;
  readonly message: string;
  /** HTTP status; undefined when no reply came. */
  readonly status: number | undefined;
}

/**
 * A row of an error table. The first that has the fault's name tells what it means; where none has it, the first
 * that has its status: a name says more than a number.
 */
export interface FaultRule {
  readonly names?: readonly string[];
  readonly statuses?: readonly number[];
  readonly code: string;
  readonly class: ErrorClass;
  readonly hint?: string;
}

/** Means the same for every service: the network, credentials, throttling, the service's own failures. */
const COMMON_RULES: readonly FaultRule[] = [
  {
    names: [
      'ExpiredToken',
      'ExpiredTokenException',
      'CredentialsProviderError',
      'TokenProviderError',
      'InvalidAccessKeyId',
      'InvalidClientTokenId',
      'InvalidSignatureException',
      'MissingAuthenticationToken',
      'SignatureDoesNotMatch',
      'UnrecognizedClientException',
    ],
    code: 'aws-credentials',
    class: 'config',
    hint: 'give the process valid AWS credentials (role, profile or environment)',
  },
  {
    names: ['RequestTimeTooSkewed', 'RequestExpired'],
    code: 'aws-clock',
    class: 'config',
    hint: "set this machine's clock: AWS refuses requests that are minutes off",
  },
  {
    names: ['AccessDenied', 'AccessDeniedException', 'Forbidden', 'AllAccessDisabled'],
    statuses: [401, 403],
    code: 'aws-denied',
    class: 'config',
    hint: 'allow the action to the role that Millrace runs as',
  },
  {
    names: [
      'SlowDown',
      'Throttling',
      'ThrottlingException',
      'ThrottledException',
      'TooManyRequestsException',
      'RequestLimitExceeded',
      'RequestThrottled',
      'ProvisionedThroughputExceededException',
      'BandwidthLimitExceeded',
    ],
    statuses: [429],
    code: 'aws-throttled',
    class: 'transient',
  },
  {
    names: ['RequestTimeout', 'RequestTimeoutException', 'TimeoutError', 'AbortError'],
    statuses: [408],
    code: 'aws-timeout',
    class: 'transient',
  },
  {
    names: [
      'ECONNABORTED',
      'ECONNREFUSED',
      'ECONNRESET',
      'EAI_AGAIN',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'ENOTFOUND',
      'EPIPE',
      'ETIMEDOUT',
      'ERR_STREAM_PREMATURE_CLOSE',
    ],
    code: 'aws-unreachable',
    class: 'transient',
    hint: 'check the endpoint and the network way to it (VPC endpoint, NAT, DNS)',
  },
];

/** A fault of the service itself, which another try may not meet. */
const SERVER_FAULT = { code: 'aws-unavailable', class: 'transient' } as const;

/** A call that never left this process, or whose answer was none of AWS's: another try comes to the same. */
const BROKEN_CALL = {
  code: 'aws-call',
  class: 'config',
  hint: "check the client's region and endpoint, and what was asked for",
} as const;

/**
 * Classifies what a call to AWS threw, once: by the service's rules first, then by those that all services share.
 * What no rule knows is refused for good (4xx: class `usage`) or worth another try (`transient`).
 *
 * @param what the call in words: `write s3://lake/a.csv`.
 */
export function toAwsError(
  cause: unknown,
  { service, what, rules }: { service: string; what: string; rules: readonly FaultRule[] },
): LoadError {
  if (cause instanceof LoadError) return cause;
  const fault = faultOf(cause);
  const rule = findRule([...rules, ...COMMON_RULES], fault) ?? fallbackOf(fault);
  const said = fault.message === '' ? fault.name : `${fault.name}: ${fault.message}`;
  return new LoadError(rule.code, `${service} could not ${what}: ${said}`, {
    class: rule.class,
    ...(rule.hint === undefined ? {} : { hint: rule.hint }),
    cause,
  });
}

/** How Node names failures of network and TLS. */
const NODE_CODE = /^(?:E[A-Z]+|[A-Z]+(?:_[A-Z]+)+)$/u;

/** The facts of anything that was thrown. */
export function faultOf(cause: unknown): AwsFault {
  if (!(cause instanceof Error)) return { name: 'Unknown', message: String(cause), status: undefined };
  const { code, $metadata } = cause as Error & { code?: unknown; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  // The answer to a HEAD has no body: its status is all there is.
  if (cause.name === 'Unknown' && status !== undefined)
    return { name: `HTTP ${status}`, message: '', status };
  const isNodeCode = typeof code === 'string' && NODE_CODE.test(code);
  return { name: isNodeCode ? code : cause.name, message: cause.message, status };
}

function findRule(rules: readonly FaultRule[], { name, status }: AwsFault): FaultRule | undefined {
  const byName = rules.find(({ names }) => names?.includes(name));
  if (byName !== undefined || status === undefined) return byName;
  return rules.find(({ statuses }) => statuses?.includes(status));
}

function fallbackOf({ name, status }: AwsFault): Pick<FaultRule, 'code' | 'class' | 'hint'> {
  if (status === undefined) return NODE_CODE.test(name) ? SERVER_FAULT : BROKEN_CALL;
  if (status >= 400 && status < 500) return { code: 'aws-refused', class: 'usage' };
  return SERVER_FAULT;
}
