import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HANDLERS } from './handlers';

/** What is read of a configuration here; the rest is the functions'. */
export interface ConfigurationView {
  readonly targets: readonly TargetView[];
  /** Queues that targets name. */
  readonly queues: readonly string[];
  readonly hasEvents: boolean;
  /** How long events may wait for others. */
  readonly eventMaxAgeMs: number;
  /** Environment variables that hold secrets, by who reads them. */
  readonly loaderSecrets: readonly string[];
}

export interface TargetView {
  readonly name: string;
  /** `s3://bucket/prefix` */
  readonly from: readonly string[];
  readonly queues: readonly string[];
  readonly after: 'keep' | 'move' | 'tag' | 'delete';
  /** Where `move` moves to, `s3://bucket/prefix/`. */
  readonly movesTo: string | null;
  readonly freshnessMs: number;
}

/** The part of Millrace's core that is used here: `scripts/configuration.ts`, bundled. */
interface Core {
  parseConfig(value: unknown, options: { source: string }): ParsedConfig;
  parseQueueDocument(text: string, options: { queueName: string }): unknown;
}

interface ParsedConfig {
  readonly targets: ReadonlyMap<
    string,
    {
      readonly name: string;
      readonly from: readonly string[];
      readonly queues: readonly string[];
      readonly after:
        | { readonly kind: 'keep' | 'tag' | 'delete' }
        | { readonly kind: 'move'; readonly to: string };
      readonly batching: { readonly freshnessMs: number };
    }
  >;
  readonly events: { readonly consumer: { readonly maxAgeMs: number } } | null;
  readonly alerts: readonly unknown[];
}

/** Below it a lane would always be due: every file a load, each of which takes the warehouse a second or more. */
const MIN_FRESHNESS_MS = 1_000;

/** A name that is known when the stack is deployed, as CDK writes it into texts. */
const TOKEN = /\$\{Token\[[^\]]*\]\}/gu;

function openCore(): Core {
  const path = join(HANDLERS, 'configuration.cjs');
  if (!existsSync(path)) {
    throw new Error(`'${path}' is not there: run 'node packages/cdk/scripts/build.mjs', which makes it`);
  }
  return require(path) as Core;
}

/**
 * Checks a configuration as the functions will, and says what the stack has to know of it.
 *
 * Names that CDK fills in when it deploys (a bucket of the same app) are taken for names.
 *
 * @throws Error with every problem: where, what, and what to write instead.
 */
export function checkConfiguration(
  configuration: Readonly<Record<string, unknown>>,
  { allowsFunctions }: { readonly allowsFunctions: boolean },
): ConfigurationView {
  const names = new Map<string, string>();
  if (!allowsFunctions) refuseFunctions(configuration, []);
  const document = standIn(configuration, names);
  const parsed = said(() => openCore().parseConfig(document, { source: "'configuration'" }));
  const back = (text: string): string =>
    [...names].reduce((whole, [token, name]) => whole.replaceAll(name, token), text);
  const targets = [...parsed.targets.values()].map(
    ({ name, from, queues, after, batching }): TargetView => ({
      name,
      from: from.map(back),
      queues,
      after: after.kind,
      movesTo: after.kind === 'move' ? back(after.to) : null,
      freshnessMs: batching.freshnessMs,
    }),
  );
  for (const { name, freshnessMs } of targets) {
    if (freshnessMs >= MIN_FRESHNESS_MS) continue;
    throw new Error(
      `'configuration': targets["${name}"].freshness: ${freshnessMs} ms is too short; write '1s' or more`,
    );
  }
  return {
    targets,
    queues: [...new Set(targets.flatMap(({ queues }) => queues))],
    hasEvents: parsed.events !== null,
    eventMaxAgeMs: parsed.events?.consumer.maxAgeMs ?? 0,
    loaderSecrets: secretsOf(parsed.alerts),
  };
}

/** @throws Error with every problem of a queue's document. */
export function checkQueueDocument(queueName: string, document: unknown): void {
  const text = JSON.stringify(standIn(document, new Map()));
  said(() => openCore().parseQueueDocument(text, { queueName }));
}

/** What the core says is wrong, without the bundle's own lines behind it. */
function said<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new Error(error instanceof Error ? error.message : String(error));
  }
}

/** @throws Error for a function: it cannot be sent to where the configuration is read, JSON has none. */
function refuseFunctions(value: unknown, path: readonly string[]): void {
  if (typeof value === 'function') {
    throw new Error(
      `'configuration': ${path.join('.')} is a function, which JSON has no place for: write its rows as ` +
        "{ fact: 'public.clicks', columns: { … } }, or bundle entries of your own with the transforms and give their " +
        "folder as 'handlers'",
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, one] of Object.entries(value)) refuseFunctions(one, [...path, key]);
}

/** The value with a name for each token. */
function standIn(value: unknown, names: Map<string, string>): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(TOKEN, (token) => {
      const name = names.get(token) ?? `token-${names.size}-of-cdk`;
      names.set(token, name);
      return name;
    });
  }
  if (Array.isArray(value)) return value.map((one) => standIn(one, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, standIn(one, names)]));
}

/** The names in every `{ env: NAME }` of a document: environment variables that hold secrets. */
export function secretsOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { env } = value as { env?: unknown };
  const own = typeof env === 'string' && Object.keys(value).length === 1 ? [env] : [];
  return [...new Set([...own, ...Object.values(value).flatMap((one) => secretsOf(one))])];
}
