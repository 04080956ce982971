import {
  type AlertChannel,
  type AlertLine,
  type AlertPlace,
  LoadError,
  LogAlerts,
  type SecretRef,
} from '@millrace/core';
import {
  type AlertShape,
  jsonShape,
  pagerdutyShape,
  readSentryDsn,
  rollbarShape,
  sentryShape,
  slackShape,
} from './alert-shapes.ts';
import { WebhookAlerts } from './webhook-alerts.ts';

export interface ChannelParts {
  /** The environment variables that hold the secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What receivers call this Millrace. */
  readonly source: string;
  readonly writeLine: (line: AlertLine) => void;
  /** A channel has no secret, or a wrong one: LoadError `alert-secret-missing`, `alert-secret-invalid`. */
  readonly onError: (error: unknown) => void;
}

/**
 * The channels of a configuration, with their secrets. Nothing is connected to. A channel that cannot be opened is told and
 * left out: that nobody can be told is no reason to load nothing.
 */
export function openChannels(places: readonly AlertPlace[], parts: ChannelParts): readonly AlertChannel[] {
  return places.flatMap((place): AlertChannel[] => {
    const { name, from } = place;
    if (place.kind === 'log') return [{ name, from, alerts: new LogAlerts(parts.writeLine) }];
    const { timeoutMs } = place;
    const { source, onError } = parts;
    try {
      return [{ name, from, alerts: new WebhookAlerts(shapeOf(place, parts), { source, timeoutMs }) }];
    } catch (error) {
      onError(error);
      return [];
    }
  });
}

function shapeOf(place: Exclude<AlertPlace, { kind: 'log' }>, { env }: ChannelParts): AlertShape {
  const read = (secret: SecretRef): string => readSecret(secret, { env, channel: place.name });
  const readUrl = (secret: SecretRef): string =>
    checked(secret, { value: read(secret), isRight: isHttp, what: 'a URL', channel: place.name });
  switch (place.kind) {
    case 'slack':
      return slackShape({ url: readUrl(place.url) });
    case 'pagerduty':
      return pagerdutyShape({ url: place.url, routingKey: read(place.routingKey) });
    case 'rollbar':
      return rollbarShape({ url: place.url, token: read(place.token) });
    case 'sentry': {
      const value = read(place.dsn);
      const dsn = readSentryDsn(value);
      if (dsn === undefined)
        throw invalid(place.dsn, { what: 'a DSN (https://KEY@HOST/PROJECT)', channel: place.name });
      return sentryShape({ dsn });
    }
    case 'json':
      return jsonShape({
        url: typeof place.url === 'string' ? place.url : readUrl(place.url),
        token: place.token && read(place.token),
        signingKey: place.signingKey && read(place.signingKey),
      });
  }
}

function readSecret(
  { env: name }: SecretRef,
  { env, channel }: { env: ChannelParts['env']; channel: string },
): string {
  const value = env[name]?.trim();
  if (value !== undefined && value !== '') return value;
  throw new LoadError(
    'alert-secret-missing',
    `the environment variable ${name} of the alert channel '${channel}' is not set`,
    {
      class: 'config',
      hint: `set it, or take the channel out of 'alerts'`,
    },
  );
}

function checked(
  secret: SecretRef,
  options: { value: string; isRight: (value: string) => boolean; what: string; channel: string },
): string {
  if (options.isRight(options.value)) return options.value;
  throw invalid(secret, options);
}

/** Does not show the value: it is a secret, or next to one. */
function invalid({ env: name }: SecretRef, { what, channel }: { what: string; channel: string }): LoadError {
  return new LoadError(
    'alert-secret-invalid',
    `the environment variable ${name} of the alert channel '${channel}' is not ${what}`,
    {
      class: 'config',
      hint: 'correct it',
    },
  );
}

function isHttp(value: string): boolean {
  return URL.canParse(value) && /^https?:$/u.test(new URL(value).protocol);
}
