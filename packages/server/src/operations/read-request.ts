import type { Actor, FileSelection } from '@millrace/core';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ProblemError } from '../problem.ts';

/** An address has at most a bucket of 63 and a key of 1,024 bytes. */
const MAX_URL = 1_200;
const MAX_NAME = 300;
/** Addresses that one redrive names; all of a target or of a prefix are named by those. */
const MAX_URLS = 500;

const name = z.string().min(1).max(MAX_NAME);
const cursor = z.string().max(2_000).nullable().default(null);
const limit = z.coerce.number().int().min(1).max(500).default(100);
const actor = {
  by: z.string().trim().min(1).max(100).optional(),
  why: z.string().trim().min(1, 'say why: it is kept, and everybody sees it').max(500),
};

export const pageQuery = z.strictObject({ cursor, limit });
export const failureQuery = z.strictObject({
  cursor,
  limit,
  target: name.optional(),
  prefix: z.string().max(MAX_URL).optional(),
  code: name.optional(),
  state: z.enum(['quarantined', 'waiting']).optional(),
});
export const traceQuery = z.strictObject({ url: z.string().min(1).max(MAX_URL), target: name.optional() });
export const historyQuery = z.strictObject({ target: name.nullable().default(null) });
export const jobsQuery = z.strictObject({ target: name.optional(), limit });
const rejectFilter = { type: name.optional(), code: name.optional(), target: name.optional() };
export const rejectQuery = z.strictObject({ ...rejectFilter, cursor, limit });
export const noQuery = z.strictObject({});

export const loginBody = z.strictObject({ token: z.string().min(1).max(200) });
export const pauseBody = z.strictObject({ target: name.nullable(), ...actor });
export const redriveBody = z.strictObject({
  target: name.optional(),
  prefix: z.string().min(1).max(MAX_URL).optional(),
  urls: z.array(z.string().min(1).max(MAX_URL)).min(1).max(MAX_URLS).optional(),
  ...actor,
});
export const redriveRejectsBody = z.strictObject({
  ...rejectFilter,
  ids: z.array(name).min(1).max(MAX_URLS).optional(),
  ...actor,
});
export const cancelBody = z.strictObject({ target: name, job: name, ...actor });
export const reconcileBody = z.strictObject({
  target: name.optional(),
  repair: z.boolean(),
  cursor,
  ...actor,
});

/** @throws ProblemError 400 that names each field that is wrong */
export function readQuery<T>(request: FastifyRequest, schema: z.ZodType<T>): T {
  return check(request.query, schema, 'the query');
}

/** @throws ProblemError 400, 415 */
export function readBody<T>(request: FastifyRequest, schema: z.ZodType<T>): T {
  const type = request.headers['content-type'] ?? '';
  // A form of another site can send other types without being asked; JSON it can not.
  if (!/^application\/json(?:;|$)/iu.test(type)) {
    throw new ProblemError({ status: 415, code: 'content-type', detail: 'bodies are application/json' });
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
  } catch (cause) {
    throw new ProblemError({ status: 400, code: 'body-broken', detail: 'the body is not JSON' }, { cause });
  }
  return check(value, schema, 'the body');
}

/** What was asked, without the fields that were not: `exactOptionalPropertyTypes` tells them apart, and so do ports. */
export function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

export function actorOf({ by, why }: { by?: string | undefined; why: string }, operatorName: string): Actor {
  return { by: by ?? operatorName, why };
}

export function selectionOf(body: z.infer<typeof redriveBody>): FileSelection {
  const { target, prefix, urls } = body;
  return given({ target, prefix, urls }) as FileSelection;
}

function check<T>(value: unknown, schema: z.ZodType<T>, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `'${path.join('.')}': ${message}`,
  );
  throw new ProblemError({
    status: 400,
    code: 'request-invalid',
    detail: `${what} cannot be used: ${problems.join('; ').slice(0, 1_000)}`,
  });
}
