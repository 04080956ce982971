import { renderMetricLine } from '@millrace/aws/cloudwatch';
import {
  EVENTS_PATH,
  type IntakeResult,
  type Problem,
  ProblemError,
  type ProducerRequest,
  problemBody,
  problemHeaders,
} from '@millrace/server/parts';
import {
  bodyOf,
  type FunctionUrlEvent,
  type HttpAnswer,
  isFunctionUrlEvent,
} from '../event/function-url-event.ts';
import { errorFields } from '../log.ts';
import type { ProducerComposition } from '../producer/compose-producer.ts';

const WEBHOOK = /^\/v1\/webhooks\/([^/]+)$/u;
const CHECKS: ReadonlyMap<string, string> = new Map([
  ['/healthz', 'ok\n'],
  ['/readyz', 'ready\n'],
]);

/**
 * Takes events over HTTP behind a Function URL and answers as the HTTP producer does: 202 when they are in Kinesis, problem+json
 * otherwise.
 *
 * @throws LoadError when the environment variables are wrong: the caller gets a 502, the log says why
 */
export function createEventProducer(
  compose: () => ProducerComposition,
): (event: unknown) => Promise<HttpAnswer> {
  return async (event) => {
    const composition = compose();
    try {
      return await answer(composition, event);
    } catch (error) {
      if (error instanceof ProblemError) return toAnswer(error.problem);
      composition.log.error('a request failed', errorFields(error));
      return toAnswer(INTERNAL);
    }
  };
}

async function answer(composition: ProducerComposition, event: unknown): Promise<HttpAnswer> {
  if (!isFunctionUrlEvent(event)) throw new ProblemError(FOREIGN);
  const { rawPath: path, requestContext } = event;
  const { method } = requestContext.http;
  const webhook = WEBHOOK.exec(path)?.[1];
  const check = CHECKS.get(path);
  const allowed =
    path === EVENTS_PATH || webhook !== undefined ? 'POST' : check === undefined ? undefined : 'GET';
  if (allowed === undefined) return toAnswer(nothingAt(method, path));
  if (method !== allowed) {
    const detail = `${path} takes ${allowed}, not ${method}`;
    const refused = toAnswer({ status: 405, code: 'method-not-allowed', detail });
    return { ...refused, headers: { ...refused.headers, allow: allowed } };
  }
  if (check !== undefined) return { statusCode: 200, headers: { 'content-type': 'text/plain' }, body: check };
  const result = await take(composition, { event, webhook });
  return {
    statusCode: 202,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ accepted: result.accepted, rejected: result.rejected }),
  };
}

async function take(
  composition: ProducerComposition,
  { event, webhook }: { event: FunctionUrlEvent; webhook: string | undefined },
): Promise<IntakeResult> {
  const { producer } = composition;
  const sender = webhook === undefined ? admitSender(composition, event) : undefined;
  if (webhook !== undefined) producer.admitWebhook(webhook);
  const body = bodyOf(event);
  if (body.length > producer.limits.maxBodyBytes) throw new ProblemError(TOO_LARGE);
  const request: ProducerRequest = {
    headers: event.headers,
    body,
    // One request at a time: the limit of an unpacked body is that of all of them.
    reserve: () => {},
  };
  try {
    const result =
      sender === undefined || webhook !== undefined
        ? await producer.takeWebhook(webhook ?? '', request)
        : await producer.takeEvents(sender, request);
    tell(composition, result);
    return result;
  } catch (error) {
    if (error instanceof ProblemError) tell(composition, toResult(error.problem));
    throw error;
  }
}

/** @throws ProblemError 401 */
function admitSender(
  { producer, environment: { auth } }: ProducerComposition,
  { headers, requestContext }: FunctionUrlEvent,
): string {
  const isIam = requestContext.authorizer?.iam !== undefined;
  // Without keys the producer itself lets everybody in.
  if (auth === 'iam' ? !isIam : producer.keys.isOpen)
    throw new ProblemError(auth === 'iam' ? NO_IAM : NO_KEYS);
  return producer.admitSender(headers);
}

function tell(
  { environment: { stream }, now, writeLine }: ProducerComposition,
  { accepted, rejected }: IntakeResult,
): void {
  writeLine(
    renderMetricLine({
      at: now(),
      namespace: 'millrace',
      dimensions: { stream },
      metrics: [
        { name: 'EventsAccepted', unit: 'Count', value: accepted },
        { name: 'EventsRejected', unit: 'Count', value: rejected.length },
      ],
    }),
  );
}

/** What a refusal says of its events; none where the request could not be read that far. */
function toResult({ also }: Problem): IntakeResult {
  const { accepted = 0, rejected = [] } = (also ?? {}) as Partial<IntakeResult>;
  return { accepted, rejected };
}

function toAnswer(problem: Problem): HttpAnswer {
  return { statusCode: problem.status, headers: problemHeaders(problem), body: problemBody(problem) };
}

function nothingAt(method: string, path: string): Problem {
  const detail = `there is nothing at ${method} ${path.slice(0, 100)}; events go to POST ${EVENTS_PATH}`;
  return { status: 404, code: 'not-found', detail };
}

const INTERNAL: Problem = {
  status: 500,
  code: 'internal',
  detail:
    'the server failed; nothing of this request is known to be stored, so send it again with the same ids',
};
const FOREIGN: Problem = {
  status: 400,
  code: 'request-broken',
  detail: 'this is no request of a Function URL, nor of an HTTP API with payloads of format 2.0',
};
const TOO_LARGE: Problem = {
  status: 413,
  code: 'body-too-large',
  detail: 'the body is larger than this server takes; send fewer events at once',
};
const NO_KEYS: Problem = {
  status: 401,
  code: 'key-unknown',
  detail: 'this server takes webhooks only: it has no API keys',
};
const NO_IAM: Problem = {
  status: 401,
  code: 'signature-missing',
  detail: 'the request is not signed for AWS; the URL has to be of AuthType AWS_IAM',
};
