import { LoadError } from '@millrace/core';
import { z } from 'zod';
import type { ServerOptions } from './server-options.ts';
import { github, shopify, stripe } from './webhook-presets.ts';
import type { WebhookSource } from './webhook-source.ts';

/** Secrets are never in the document: it names the environment variables that hold them. */
const SECRET_FORM =
  'is no secret; write {"env": "NAME"} with the name of the environment variable that holds it';
const secret = z.strictObject(
  { env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/u, 'is not the name of a variable; write it without $') },
  { error: ({ code }) => (code === 'invalid_type' ? SECRET_FORM : undefined) },
);
const secrets = z.union([secret, z.array(secret).min(1)], { error: SECRET_FORM });
const place = z.union(
  [z.strictObject({ header: z.string().min(1) }), z.strictObject({ field: z.string().min(1) })],
  { error: 'is no place; write {"header": "x-name"} or {"field": "$.path.in.the.body"}' },
);
const count = z.number().int().positive();

const PRESETS = { github, stripe, shopify } as const;

const presetWebhook = z.strictObject({ preset: z.enum(['github', 'stripe', 'shopify']), secret: secrets });
const ownWebhook = z.strictObject({
  secret: secrets,
  signature: z.strictObject({
    header: z.string().min(1),
    algorithm: z.enum(['sha1', 'sha256', 'sha512']).optional(),
    encoding: z.enum(['hex', 'base64']).optional(),
    prefix: z.string().optional(),
    fields: z.strictObject({ timestamp: z.string().min(1), signature: z.string().min(1) }).optional(),
    timestampHeader: z.string().min(1).optional(),
    signed: z.string().optional(),
    toleranceSeconds: count.optional(),
  }),
  type: z.union([z.string().min(1), place], {
    error: 'is no type; write a text, {"header": …} or {"field": …}',
  }),
  typePrefix: z.string().optional(),
  id: place.optional(),
  time: place.optional(),
});

const settingsSchema = z.strictObject({
  keys: z.record(z.string().min(1), secret).default({}),
  rateLimit: z.strictObject({ eventsPerSecond: z.number().positive(), burst: count.optional() }).optional(),
  webhooks: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  schemas: z.record(z.string().min(1), z.record(z.string(), z.unknown())).default({}),
  limits: z
    .strictObject({
      maxBodyBytes: count,
      maxInflatedBytes: count,
      maxEvents: count,
      maxEventBytes: count,
      maxDepth: count,
      maxBytesInFlight: count,
      requestTimeoutMs: count,
      drainMs: count,
    })
    .partial()
    .default({}),
});

/** What a document can say of a server: who may send, and what. */
export type ServerSettings = z.input<typeof settingsSchema>;

/**
 * What a document in JSON says of a server, with its secrets from the environment.
 *
 * @throws LoadError `server-settings` that names each place that is wrong, and each variable that is not set
 */
export function readServerSettings(
  settings: unknown,
  env: Readonly<Record<string, string | undefined>>,
): Pick<ServerOptions, 'keys' | 'rateLimit' | 'webhooks' | 'schemas' | 'limits'> {
  const problems: string[] = [];
  const read = <T>(schema: z.ZodType<T>, value: unknown, where: readonly string[]): T | undefined => {
    const { data, error } = schema.safeParse(value);
    for (const { path, message } of error?.issues ?? []) {
      problems.push(`${[...where, ...path].join('.') || 'the document'}: ${message}`);
    }
    return data;
  };
  const secretOf = (where: string, { env: name }: z.output<typeof secret>): string => {
    const value = env[name] ?? '';
    if (value === '') problems.push(`${where}: the environment variable ${name} is not set`);
    return value;
  };
  const webhookOf = (name: string, value: Record<string, unknown>): WebhookSource | undefined => {
    const where = ['webhooks', name];
    const valuesOf = (given: z.output<typeof secrets>): readonly string[] =>
      [given].flat().map((one) => secretOf(where.join('.'), one));
    if ('preset' in value) {
      const known = read(presetWebhook, value, where);
      return known && PRESETS[known.preset](...valuesOf(known.secret));
    }
    const own = read(ownWebhook, value, where);
    if (own === undefined) return undefined;
    const { secret: given, ...source } = own;
    return { ...(source as Omit<WebhookSource, 'secrets'>), secrets: valuesOf(given) };
  };
  const parsed = read(settingsSchema, settings, []);
  if (parsed === undefined) throw refused(problems);
  const { keys, rateLimit, webhooks, schemas, limits } = parsed;
  const options = {
    keys: Object.entries(keys).map(([name, one]) => ({ name, key: secretOf(`keys.${name}`, one) })),
    webhooks: Object.fromEntries(
      Object.entries(webhooks).flatMap(([name, value]) => {
        const source = webhookOf(name, value);
        return source === undefined ? [] : [[name, source] as const];
      }),
    ),
    schemas,
    limits: limits as NonNullable<ServerOptions['limits']>,
  };
  if (problems.length > 0) throw refused(problems);
  return rateLimit === undefined
    ? options
    : { ...options, rateLimit: rateLimit as NonNullable<ServerOptions['rateLimit']> };
}

function refused(problems: readonly string[]): LoadError {
  return new LoadError('server-settings', `the settings of the producer are wrong: ${problems.join('; ')}`, {
    class: 'config',
    hint: 'correct them and start again',
  });
}
