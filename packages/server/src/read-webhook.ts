import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { parseExactJson } from './exact-json.ts';
import { ProblemError } from './problem.ts';
import { textOfBody } from './read-body.ts';
import type { WebhookPlace, WebhookSource } from './webhook-source.ts';

interface Webhook {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * The event that a webhook is: its body as `data`, the rest of the envelope from where the source says. Numbers that no
 * double holds become texts: their sender cannot be asked for another form.
 *
 * @throws ProblemError 400 when the body is no JSON, 422 when type or id is not where it should be
 */
export function readWebhook(name: string, source: WebhookSource, webhook: Webhook): Record<string, unknown> {
  const data = parseBody(webhook.body);
  const tell = (place: WebhookPlace): string | undefined => {
    const value =
      'header' in place ? webhook.headers[place.header.toLowerCase()] : valueAt(data, place.field);
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const find = (what: string, place: WebhookPlace): string => {
    const told = tell(place);
    if (told !== undefined) return told;
    const where = 'header' in place ? `header '${place.header}'` : `'${place.field}' of the body`;
    throw new ProblemError({
      status: 422,
      code: 'webhook-incomplete',
      detail: `webhook '${name}' has its ${what} in ${where}, and there is none`,
    });
  };
  const told = typeof source.type === 'string' ? source.type : find('type', source.type);
  const type = `${source.typePrefix ?? ''}${told}`;
  const id = source.id === undefined ? `${name}-${fingerprint(type, webhook.body)}` : find('id', source.id);
  const time = source.time === undefined ? undefined : tell(source.time);
  return { id, type, source: name, ...(time === undefined ? {} : { time: toInstant(time) }), data };
}

function parseBody(body: Buffer): unknown {
  try {
    return parseExactJson(textOfBody(body), { inexact: 'text' });
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause;
    const isDeep = cause instanceof RangeError;
    throw new ProblemError(
      {
        status: isDeep ? 422 : 400,
        code: isDeep ? 'event-too-deep' : 'body-not-json',
        detail: `the body of the webhook is not JSON: ${(cause as Error).message}; have its sender send JSON`,
      },
      { cause },
    );
  }
}

/** Of a plain path: names, and numbers in brackets. */
function valueAt(data: unknown, field: string): unknown {
  const names = field.replace(/^\$\.?/u, '').match(/[^.[\]]+/gu) ?? [];
  let value = data;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function fingerprint(type: string, body: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${type}\n`), body]), 'hex').slice(0, 40);
}

/** Unix seconds as ISO 8601; other texts as they are. */
function toInstant(text: string): string {
  return /^\d{9,11}$/u.test(text) ? new Date(Number(text) * 1_000).toISOString() : text;
}
