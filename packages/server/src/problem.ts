import type { FastifyReply } from 'fastify';

/** Why a request was not accepted, as RFC 9457 has it. */
export interface Problem {
  readonly status: number;
  /** Names the problem for programs: `body-too-large`. It makes the `type`. */
  readonly code: string;
  /** What happened, the value, and what to do. */
  readonly detail: string;
  /** Whole seconds after which another try makes sense. */
  readonly retryAfterSeconds?: number;
  /** What else the answer tells, such as `accepted` and `rejected`. */
  readonly also?: Readonly<Record<string, unknown>>;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Thrown by whatever reads a request; the server answers with it. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

export function problemBody({ status, code, detail, also = {} }: Problem): string {
  return JSON.stringify({
    type: `urn:millrace:problem:${code}`,
    title: TITLES[status] ?? 'Error',
    status,
    detail,
    ...also,
  });
}

export function problemHeaders({ status, retryAfterSeconds }: Problem): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/problem+json; charset=utf-8',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="millrace"' } : {}),
  };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).headers(problemHeaders(problem)).send(problemBody(problem));
}

/** The same where HTTP could not be read at all: written to the connection itself. */
export function rawProblem(problem: Problem): string {
  const body = problemBody(problem);
  return [
    `HTTP/1.1 ${problem.status} ${TITLES[problem.status] ?? 'Error'}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
