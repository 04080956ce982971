import { createHash, createHmac } from 'node:crypto';
import { type AlertLine, type Condition, type EpochMs, toAlertLine } from '@millrace/core';
import type { PostRequest } from './post.ts';

/*
 * How each receiver wants to be told. Pure: the same notice is the same request.
 */

/** One thing to tell. */
export interface AlertNotice {
  readonly alert: AlertLine['alert'];
  readonly condition: Condition;
  readonly now: EpochMs;
  /** Which Millrace tells: `analytics`, `analytics (production)`. With the key it tells a condition from every other. */
  readonly source: string;
}

/** Makes the request that tells a receiver. */
export type AlertShape = (notice: AlertNotice) => PostRequest;

const MARKS = {
  info: ':information_source:',
  warning: ':warning:',
  error: ':x:',
  critical: ':rotating_light:',
};

/** Slack, incoming webhook: a text for notifications, and blocks for reading. */
export function slackShape({ url }: { url: string }): AlertShape {
  return ({ alert, condition, now, source }) => {
    const { severity, text, hint, since } = condition;
    const isOver = alert === 'recovered';
    const title = isOver ? `Recovered: ${condition.title}` : condition.title;
    const lasted = isOver ? `, over ${toInstant(now)}` : '';
    const blocks = [
      section(`${isOver ? ':white_check_mark:' : MARKS[severity]} *${escapeSlack(title)}*`),
      section(escapeSlack(text)),
      ...(hint === null || isOver ? [] : [section(`_${escapeSlack(hint)}_`)]),
      {
        type: 'context',
        elements: [mrkdwn(`${escapeSlack(source)} · ${severity} · since ${toInstant(since)}${lasted}`)],
      },
    ];
    return { url, headers: {}, body: JSON.stringify({ text: escapeSlack(`${title} (${source})`), blocks }) };
  };
}

/** Slack takes 3,000 characters of a section. */
function section(text: string): { type: 'section'; text: { type: 'mrkdwn'; text: string } } {
  return { type: 'section', text: mrkdwn(text.slice(0, 3_000)) };
}

function mrkdwn(text: string): { type: 'mrkdwn'; text: string } {
  return { type: 'mrkdwn', text };
}

/** Slack's three control characters; a file's name could else mention a whole channel. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** PagerDuty, Events API v2. Its severities are ours; summaries have at most 1,024 characters, keys 255. */
export function pagerdutyShape({ url, routingKey }: { url: string; routingKey: string }): AlertShape {
  return (notice) => {
    const { alert, condition, source } = notice;
    const dedupKey = dedupKeyOf(notice);
    if (alert === 'recovered') {
      const body = { routing_key: routingKey, event_action: 'resolve', dedup_key: dedupKey };
      return { url, headers: {}, body: JSON.stringify(body) };
    }
    const { title, severity, since, target, kind, text, hint } = condition;
    const body = {
      routing_key: routingKey,
      event_action: 'trigger',
      dedup_key: dedupKey,
      client: 'Millrace',
      payload: {
        summary: title.slice(0, 1_024),
        source,
        severity,
        timestamp: new Date(since).toISOString(),
        component: target ?? 'warehouse',
        group: source,
        class: kind,
        custom_details: { text, hint },
      },
    };
    return { url, headers: {}, body: JSON.stringify(body) };
  };
}

/** Rollbar, items: a message with the condition's key as fingerprint. Its levels are our severities; an end is `info`. */
export function rollbarShape({ url, token }: { url: string; token: string }): AlertShape {
  return (notice) => {
    const { alert, condition, now, source } = notice;
    const isOver = alert === 'recovered';
    const data = {
      environment: source.slice(0, 255),
      level: isOver ? 'info' : condition.severity,
      timestamp: Math.floor(now / 1_000),
      platform: 'node',
      fingerprint: fingerprintOf(notice),
      title: (isOver ? `Recovered: ${condition.title}` : condition.title).slice(0, 255),
      uuid: eventIdOf(notice),
      body: { message: { body: condition.text, ...toAlertLine(condition, { alert, now }) } },
    };
    return { url, headers: { 'x-rollbar-access-token': token }, body: JSON.stringify({ data }) };
  };
}

const SENTRY_LEVELS = { info: 'info', warning: 'warning', error: 'error', critical: 'fatal' } as const;

/** Sentry, one event in an envelope (its `store` endpoint is deprecated). The address and the key are in the DSN. */
export function sentryShape({ dsn }: { dsn: SentryDsn }): AlertShape {
  return (notice) => {
    const { alert, condition, now, source } = notice;
    const { key, kind, title, text, target, severity, hint, since } = condition;
    const isOver = alert === 'recovered';
    const event_id = eventIdOf(notice);
    const event = {
      event_id,
      timestamp: now / 1_000,
      platform: 'node',
      level: isOver ? 'info' : SENTRY_LEVELS[severity],
      logger: 'millrace',
      environment: toSentryEnvironment(source),
      logentry: { formatted: isOver ? `Recovered: ${title}` : title },
      fingerprint: [fingerprintOf(notice)],
      tags: { condition: kind, alert, ...(target === null ? {} : { target }) },
      extra: { key, text, hint, since: new Date(since).toISOString() },
    };
    const payload = JSON.stringify(event);
    const lines = [
      JSON.stringify({ event_id, sent_at: new Date(now).toISOString() }),
      JSON.stringify({ type: 'event', content_type: 'application/json', length: Buffer.byteLength(payload) }),
      payload,
    ];
    return {
      url: dsn.url,
      headers: {
        'content-type': 'application/x-sentry-envelope',
        'x-sentry-auth': `Sentry sentry_version=7, sentry_client=millrace/1, sentry_key=${dsn.publicKey}`,
      },
      body: `${lines.join('\n')}\n`,
    };
  };
}

/** Sentry takes at most 64 characters without slashes, and drops an event with others. */
function toSentryEnvironment(source: string): string {
  return source.replaceAll('/', ':').slice(0, 64);
}

export interface SentryDsn {
  /** The envelope endpoint. */
  readonly url: string;
  readonly publicKey: string;
}

/** `https://KEY@HOST/PROJECT` @returns undefined when it is not one. */
export function readSentryDsn(dsn: string): SentryDsn | undefined {
  if (!URL.canParse(dsn)) return undefined;
  const { protocol, username, host, pathname } = new URL(dsn);
  const slash = pathname.lastIndexOf('/');
  const project = pathname.slice(slash + 1);
  if (!/^https?:$/u.test(protocol) || username === '' || project === '') return undefined;
  return {
    url: `${protocol}//${host}${pathname.slice(0, slash)}/api/${project}/envelope/`,
    publicKey: username,
  };
}

/**
 * Millrace's own document: what the log line holds, and who tells. With a signing key the header `x-millrace-signature` is
 * `t=<epoch seconds>,v1=<hex>`, the HMAC-SHA256 of `<epoch seconds>.<body>`.
 */
export function jsonShape({
  url,
  token,
  signingKey,
}: {
  url: string;
  token?: string | undefined;
  signingKey?: string | undefined;
}): AlertShape {
  return (notice) => {
    const { alert, condition, now, source } = notice;
    const body = JSON.stringify({
      version: 1,
      source,
      dedupKey: dedupKeyOf(notice),
      ...toAlertLine(condition, { alert, now }),
    });
    const headers: Record<string, string> = {};
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (signingKey !== undefined) {
      const seconds = Math.floor(now / 1_000);
      const signature = createHmac('sha256', signingKey).update(`${seconds}.${body}`).digest('hex');
      headers['x-millrace-signature'] = `t=${seconds},v1=${signature}`;
    }
    return { url, headers, body };
  };
}

/** The same for the same condition of the same Millrace, at most 255 characters. */
function dedupKeyOf({ source, condition }: AlertNotice): string {
  const key = `millrace/${source}/${condition.key}`;
  return key.length <= 255 ? key : `${key.slice(0, 190)}#${hash(key)}`;
}

/** At most 40 characters (Rollbar). */
function fingerprintOf(notice: AlertNotice): string {
  return hash(dedupKeyOf(notice)).slice(0, 40);
}

/** The same when the same notice is told once more: receivers drop an id that they have. */
function eventIdOf(notice: AlertNotice): string {
  const { alert, condition } = notice;
  return hash([dedupKeyOf(notice), alert, condition.severity, condition.since].join('/')).slice(0, 32);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function toInstant(at: EpochMs): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/u, 'Z');
}
