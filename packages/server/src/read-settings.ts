import { LoadError } from '@millrace/core';
import { z } from 'zod';
import type { ServerOptions } from './server-options.ts';
import { github, shopify, stripe } from './webhook-presets.ts';
import type { WebhookSource } from './webhook-source.ts';

/** Secrets are never in the document: it names the environment variables that hold them. */
const secret = z.strictObject({
  env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/u, 'is not the name of an environment variable; write it without $'),
});
const secrets = z.union([secret, z.array(secret).min(1)]);
const place = z.union([
  z.strictObject({ header: z.string().min(1) }),
  z.strictObject({ field: z.string().min(1) }),
]);
const count = z.number().int().positive();

const PRESETS = { github, stripe, shopify } as const;

const webhook = z.union([
  z.strictObject({ preset: z.enum(['github', 'stripe', 'shopify']), secret: secrets }),
  z.strictObject({
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
    type: z.union([z.string().min(1), place]),
    typePrefix: z.string().optional(),
    id: place.optional(),
    time: place.optional(),
  }),
]);

const settingsSchema = z.strictObject({
  keys: z.record(z.string().min(1), secret).default({}),
  rateLimit: z.strictObject({ eventsPerSecond: z.number().positive(), burst: count.optional() }).optional(),
  webhooks: z.record(z.string(), webhook).default({}),
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
  const parsed = settingsSchema.safeParse(settings);
  if (!parsed.success) {
    throw refused(
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`),
    );
  }
  const { keys, rateLimit, webhooks, schemas, limits } = parsed.data;
  const problems: string[] = [];
  const secretOf = (where: string, { env: name }: z.output<typeof secret>): string => {
    const value = env[name] ?? '';
    if (value === '') problems.push(`${where}: the environment variable ${name} is not set`);
    return value;
  };
  const options = {
    keys: Object.entries(keys).map(([name, one]) => ({ name, key: secretOf(`keys.${name}`, one) })),
    webhooks: Object.fromEntries(
      Object.entries(webhooks).map(([name, { secret: given, ...source }]) => {
        const values = [given].flat().map((one) => secretOf(`webhooks.${name}`, one));
        const read = 'preset' in source ? PRESETS[source.preset](...values) : { ...source, secrets: values };
        return [name, read as WebhookSource] as const;
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
  return new LoadError('server-settings', `the settings of the server are wrong: ${problems.join('; ')}`, {
    class: 'config',
    hint: 'correct them and start again',
  });
}
