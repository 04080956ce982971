import type { Severity } from '../ports/alerts.ts';
import type { AlertChannelFields } from './alert-schema.ts';
import type { ConfigProblem } from './config-error.ts';
import { parseDuration } from './duration.ts';

/** Names an environment variable: what is in it is read by whoever tells, never kept. */
export interface SecretRef {
  readonly env: string;
}

interface EveryChannel {
  /** What it was told is kept under this name. */
  readonly name: string;
  /** The least severity that is told there. */
  readonly from: Severity;
}

interface OverHttp extends EveryChannel {
  readonly timeoutMs: number;
}

/** Who is told of conditions, as configuration says. */
export type AlertPlace =
  | ({ readonly kind: 'log' } & EveryChannel)
  | ({ readonly kind: 'slack'; readonly url: SecretRef } & OverHttp)
  | ({ readonly kind: 'pagerduty'; readonly routingKey: SecretRef; readonly url: string } & OverHttp)
  | ({ readonly kind: 'rollbar'; readonly token: SecretRef; readonly url: string } & OverHttp)
  | ({ readonly kind: 'sentry'; readonly dsn: SecretRef } & OverHttp)
  | ({
      readonly kind: 'json';
      readonly url: string | SecretRef;
      readonly token?: SecretRef | undefined;
      readonly signingKey?: SecretRef | undefined;
    } & OverHttp);

const MIN_TIMEOUT_MS = 100;
/** Deliveries are made one after the other: a channel that hangs for long would keep the others waiting. */
const MAX_TIMEOUT_MS = 30_000;

/** The channels with their names filled in. What is wrong goes to `problems`. */
export function readAlerts(
  channels: readonly AlertChannelFields[],
  problems: ConfigProblem[],
): readonly AlertPlace[] {
  const seen = new Set<string>();
  return channels.map((channel, nth): AlertPlace => {
    const path = ['alerts', nth];
    const name = channel.name ?? channel.kind;
    if (seen.has(name)) {
      const hint = "give each its own 'name'";
      problems.push({ path, message: `is the second channel called '${name}'`, hint });
    }
    seen.add(name);
    if (channel.kind === 'log') return { ...channel, name };
    const { timeout, ...rest } = channel;
    return { ...rest, name, timeoutMs: readTimeout(timeout, { path, problems }) };
  });
}

/** How long one delivery may take. */
export function readTimeout(
  timeout: string,
  { path, problems }: { path: ConfigProblem['path']; problems: ConfigProblem[] },
): number {
  const timeoutMs = parseDuration(timeout);
  if (timeoutMs < MIN_TIMEOUT_MS || timeoutMs > MAX_TIMEOUT_MS) {
    const message = `'${timeout}' is too ${timeoutMs < MIN_TIMEOUT_MS ? 'short' : 'long'}`;
    problems.push({ path: [...path, 'timeout'], message, hint: "write '100ms' to '30s'" });
  }
  return timeoutMs;
}
