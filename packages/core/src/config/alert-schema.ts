import { z } from 'zod';
import { SEVERITIES } from '../ports/alerts.ts';
import { duration, httpUrl } from './place-schema.ts';
import { strictFields } from './strict-fields.ts';

/*
 * Who is told when somebody has to look. Secrets are never in the document: it names the environment variables that hold
 * them.
 */

const secret = (meaning: string) =>
  strictFields({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/u, 'is not the name of an environment variable; write it without $')
      .describe('The environment variable that holds it.'),
  }).describe(meaning);

const everyChannel = {
  name: z
    .string()
    .regex(/^[\w-]{1,40}$/u, 'is not a name; write letters, digits, - and _')
    .optional()
    .describe('What is kept under: two channels of one kind need two names. Default: the kind.'),
  from: z.enum(SEVERITIES).default('warning').describe('The least severity that is told here.'),
};

const overHttp = {
  ...everyChannel,
  timeout: duration('How long one delivery may take, its retries included.').default('10s'),
};

const log = strictFields({
  kind: z.literal('log').describe('`log`: a structured line in the log of whoever works.'),
  ...everyChannel,
}).describe('A line of the log.');

const slack = strictFields({
  kind: z.literal('slack').describe('`slack`: an incoming webhook of Slack, or what takes the same.'),
  url: secret('The environment variable with the URL of the webhook, which is a secret itself.'),
  ...overHttp,
}).describe('A message in Slack.');

const pagerduty = strictFields({
  kind: z.literal('pagerduty').describe('`pagerduty`: Events API v2; an end resolves what was triggered.'),
  routingKey: secret('The environment variable with the integration key of the service.'),
  url: httpUrl('Another address of the Events API.').default('https://events.pagerduty.com/v2/enqueue'),
  ...overHttp,
}).describe('An incident in PagerDuty.');

const rollbar = strictFields({
  kind: z.literal('rollbar').describe('`rollbar`: an item of Rollbar.'),
  token: secret('The environment variable with the access token, of scope post_server_item.'),
  url: httpUrl('Another address of the items.').default('https://api.rollbar.com/api/1/item/'),
  ...overHttp,
}).describe('An item in Rollbar.');

const sentry = strictFields({
  kind: z.literal('sentry').describe('`sentry`: an event of Sentry, in an envelope.'),
  dsn: secret('The environment variable with the DSN of the project.'),
  ...overHttp,
}).describe('An event in Sentry.');

const json = strictFields({
  kind: z.literal('json').describe("`json`: Millrace's own document, for whatever takes one."),
  url: z
    .union([httpUrl('The address, when it is no secret.'), secret('The environment variable with it.')])
    .describe('Where it is posted to.'),
  token: secret('The environment variable with a bearer token.').optional(),
  signingKey: secret('The environment variable with the key that the body is signed with.').optional(),
  ...overHttp,
}).describe('A document of JSON.');

/** Who is told of every load of a table. */
export const loadedHook = strictFields({
  url: z
    .union([httpUrl('The address, when it is no secret.'), secret('The environment variable with it.')])
    .describe('Where it is posted to.'),
  token: secret('The environment variable with a bearer token.').optional(),
  signingKey: secret('The environment variable with the key that the body is signed with.').optional(),
  targets: z.array(z.string()).min(1).optional().describe('Only loads of these targets. Default: of all.'),
  timeout: overHttp.timeout,
});

export type LoadedHookFields = z.output<typeof loadedHook>;

export const alertChannel = z.discriminatedUnion('kind', [log, slack, pagerduty, rollbar, sentry, json]);

export type AlertChannelJson = z.input<typeof alertChannel>;
export type AlertChannelFields = z.output<typeof alertChannel>;
