import { type ErrorClass, LoadError } from '@millrace/core';
import { toLoadError } from '@millrace/redshift';

/** What was asked of the Data API when it failed. */
export interface FailedCall {
  /** `BatchExecuteStatement`: for the message. */
  readonly operation: string;
  /** Which warehouse, in words. */
  readonly place: string;
  /**
   * Whether the call may have changed something: then a lost reply is `unknown`, because the Data API may have taken
   * the statement. A lost answer to a question is only an outage.
   */
  readonly changes: boolean;
  /** What failed is known to be an attempt; otherwise the SDK's own marks tell. */
  readonly isAttempt?: boolean;
}

interface Meaning {
  readonly code: string;
  readonly class: ErrorClass;
  readonly hint?: string;
}

const THROTTLED: Meaning = { code: 'throttled', class: 'transient' };
const DENIED: Meaning = {
  code: 'access-denied',
  class: 'config',
  hint: 'allow it to the loader role; the Data API shows a statement to the role that submitted it alone',
};
const CREDENTIALS: Meaning = {
  code: 'credentials-refused',
  class: 'config',
  hint: 'renew or correct the AWS credentials, and check the clock',
};

const MISSING: Meaning = {
  code: 'warehouse-missing',
  class: 'config',
  hint: 'correct the name or the region',
};

/** By the exception's name, of what was surely not carried out. Sources: AWS service model, common errors of AWS. */
const REFUSALS: ReadonlyMap<string, Meaning> = new Map([
  ['ThrottlingException', THROTTLED],
  ['Throttling', THROTTLED],
  ['TooManyRequestsException', THROTTLED],
  ['RequestLimitExceeded', THROTTLED],
  ['ActiveStatementsExceededException', THROTTLED],
  ['ActiveSessionsExceededException', THROTTLED],
  ['ActiveWaitingRequestsExceededException', THROTTLED],
  ['ClusterNotFound', MISSING],
  ['ClusterNotFoundFault', MISSING],
  ['QueryTimeoutException', { code: 'query-timeout', class: 'transient' }],
  ['AccessDeniedException', DENIED],
  ['AccessDenied', DENIED],
  ['NotAuthorized', DENIED],
  ['ExpiredTokenException', CREDENTIALS],
  ['ExpiredToken', CREDENTIALS],
  ['UnrecognizedClientException', CREDENTIALS],
  ['InvalidSignatureException', CREDENTIALS],
  ['SignatureDoesNotMatch', CREDENTIALS],
  ['IncompleteSignature', CREDENTIALS],
  ['InvalidClientTokenId', CREDENTIALS],
  ['MissingAuthenticationToken', CREDENTIALS],
  ['MissingAuthenticationTokenException', CREDENTIALS],
  ['CredentialsProviderError', CREDENTIALS],
  ['TokenProviderError', CREDENTIALS],
]);

/** Of a request that no server was reached with. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/** An SDK exception as far as it is looked at. */
interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly status: number | undefined;
  /** The SDK marks what it threw after an attempt. */
  readonly isAttempt: boolean;
  /** Of the statement that an exception is about, when it had one already. */
  readonly statementId: string | undefined;
}

/**
 * Classifies what an SDK call threw; the only place that knows the Data API's exceptions.
 *
 * What SQL says is not among them: a statement that fails is described, not thrown.
 */
export function toDataApiError(cause: unknown, call: FailedCall): LoadError {
  if (cause instanceof LoadError) return cause;
  const failure = readFailure(cause);
  const { code, class: errorClass, hint } = meaningOf(failure, call);
  const said = failure.message === '' ? failure.name : failure.message;
  return new LoadError(code, `${call.operation} on ${call.place}: ${said}`, {
    class: errorClass,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Whether the Data API says that it knows no such statement, or nothing of its result (any more). */
export function isUnknownStatement(cause: unknown): boolean {
  const { name, message } = readFailure(cause);
  return name === 'ResourceNotFoundException' || /^Query does not exist/iu.test(message);
}

/** Whether too many callers wait for one statement: asked without waiting, it answers. */
export function isTooManyWaiting(cause: unknown): boolean {
  return readFailure(cause).name === 'ActiveWaitingRequestsExceededException';
}

function meaningOf(failure: Failure, { changes, isAttempt = failure.isAttempt }: FailedCall): Meaning {
  const { name, message, code, status } = failure;
  const refusal = REFUSALS.get(name);
  if (refusal !== undefined) return refusal;
  const isRefused = status !== undefined && status >= 400 && status < 500;
  // A warehouse that is paused or in maintenance says so in words; which exception carries them is not documented.
  // With the id of a statement they are said of one that was taken.
  if (toLoadError(message).class === 'unavailable' && !(changes && failure.statementId)) {
    return { code: 'warehouse-unavailable', class: 'unavailable' };
  }
  if (isRefused) return toRefusal(message);
  // No region, an endpoint that is no URL, no credentials: the SDK did not get as far as a request.
  if (!isAttempt) {
    return {
      code: 'call-unsent',
      class: 'config',
      hint: 'check the region, the endpoint and the credentials',
    };
  }
  if ((code !== undefined && NEVER_SENT.has(code)) || isUnconnected(failure)) {
    return {
      code: 'data-api-unreachable',
      class: 'unavailable',
      hint: 'check the network and the endpoint of the Redshift Data API',
    };
  }
  // 5xx, a time-out, a connection that broke: the request may have been carried out, and the reply was lost.
  if (changes) return { code: 'reply-lost', class: 'unknown' };
  return { code: 'data-api-failed', class: 'unavailable' };
}

function toRefusal(message: string): Meaning {
  if (
    /endpoint doesn't exist|(?:cluster|workgroup)\b.*\b(?:not found|does not exist|doesn't exist)/iu.test(
      message,
    )
  ) {
    return MISSING;
  }
  return { code: 'request-refused', class: 'config', hint: 'correct the configuration of the warehouse' };
}

/** The SDK's own time-out before there was a connection. */
function isUnconnected({ name, message }: Failure): boolean {
  return name === 'TimeoutError' && /establish/iu.test(message);
}

function readFailure(cause: unknown): Failure {
  const none = { code: undefined, status: undefined, isAttempt: false, statementId: undefined };
  if (!(cause instanceof Error)) return { name: '', message: String(cause), ...none };
  const { name, message } = cause;
  const { code, $metadata, StatementId } = cause as Error & {
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly StatementId?: unknown;
  };
  return {
    name,
    message,
    code: typeof code === 'string' ? code : undefined,
    status: $metadata?.httpStatusCode,
    isAttempt: $metadata !== undefined,
    statementId: typeof StatementId === 'string' && StatementId !== '' ? StatementId : undefined,
  };
}
