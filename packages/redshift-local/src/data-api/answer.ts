import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import { authenticate, type Credentials } from './authenticate.ts';
import type { DataApi } from './data-api.ts';
import { answerFaults, FAULTS_PATH } from './fault-endpoint.ts';
import { OPERATIONS } from './operations/operations.ts';
import { type RateLimiter, throttled } from './rate-limiter.ts';
import { readBody } from './read-body.ts';
import { Input } from './read-input.ts';

const TARGET = /^RedshiftData\.(\w+)$/u;
const JSON_TYPE = 'application/x-amz-json-1.1';

/** What calls are held against before an operation sees them. */
export interface Gate {
  readonly credentials: readonly Credentials[] | undefined;
  readonly rates: RateLimiter;
  /** Hears of defects: the caller is told no more than that there was one. */
  readonly onError: (error: unknown) => void;
}

/** The answer to one HTTP request, in the AWS JSON 1.1 protocol. It never rejects. */
export function answerWith(api: DataApi, gate: Gate) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const body = await readBody(request);
      if (request.url === FAULTS_PATH) {
        reply(response, 200, answerFaults(api.faults, request.method ?? '', body));
        return;
      }
      const operation = operationOf(request);
      const result = await call(operation, { request, body, api, gate });
      // Destroyed, not closed: the caller cannot tell whether the call arrived.
      if (operation.endsWith('ExecuteStatement') && api.faults.take('lostReply')) response.destroy();
      else reply(response, 200, result);
    } catch (error) {
      refuse(response, toApiError(error, gate.onError));
    }
  };
}

async function call(
  operation: string,
  { request, body, api, gate }: { request: IncomingMessage; body: Buffer; api: DataApi; gate: Gate },
): Promise<object> {
  const { method = '', url = '/', headers } = request;
  const identity = authenticate({ method, url, headers, body }, gate.credentials);
  const run = OPERATIONS.get(operation);
  if (run === undefined) {
    const known = [...OPERATIONS.keys()].join(', ');
    throw new ApiError('UnknownOperationException', `there is no operation ${operation}; there are ${known}`);
  }
  gate.rates.take(operation);
  if (api.faults.strikes('throttle')) throw throttled();
  return run(api, { input: new Input(body.toString()), identity });
}

/** @throws ApiError when the request is none of AWS JSON. */
function operationOf({ method, headers }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  const operation = TARGET.exec(String(target))?.[1];
  if (method !== 'POST' || operation === undefined) {
    throw new ApiError(
      'UnknownOperationException',
      `this is the Redshift Data API: send POST / with the header X-Amz-Target: RedshiftData.<Operation> (got ${method} and ${target ?? 'no target'})`,
    );
  }
  return operation;
}

function toApiError(error: unknown, onError: (error: unknown) => void): ApiError {
  if (error instanceof ApiError) return error;
  onError(error);
  const text = error instanceof Error ? error.message : String(error);
  return new ApiError('InternalServerException', text, { status: 500 });
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': JSON_TYPE, 'x-amzn-requestid': randomUUID() });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, { code, message, status, members }: ApiError): void {
  // A body that was not read to its end would be taken for the next request.
  if (status === 413) response.setHeader('connection', 'close');
  response.setHeader('x-amzn-errortype', code);
  // The Data API's own shapes write the member with a capital letter, the ones that all of AWS has do not.
  reply(response, status, { __type: code, Message: message, message, ...members });
}
