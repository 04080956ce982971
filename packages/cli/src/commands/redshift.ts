import { LoadError } from '@millrace/core';
import type { Credentials, EventSink, FaultSettings, Limits } from '@millrace/redshift-local/data-api';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import type { ClosableSink } from '../redshift/event-sinks.ts';
import type { ObjectsPlace } from '../redshift/open-objects.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface RedshiftFlags {
  readonly port: number;
  readonly host: string;
  readonly db?: string;
  readonly database: string;
  readonly objects?: string;
  readonly s3Endpoint?: string;
  readonly cluster?: string;
  readonly workgroup?: string;
  readonly credentials?: readonly Credentials[];
  readonly events?: readonly string[];
  readonly fault?: readonly string[];
  readonly rates: boolean;
  readonly limit?: readonly string[];
}

export function addRedshift(program: Command, context: CommandContext): void {
  program
    .command('redshift')
    .description('Run an offline Redshift that speaks the Redshift Data API, until it is stopped.')
    .addOption(
      new Option('--port <n>', 'port to listen on, 0 for any free one').default(0).argParser(readPort),
    )
    .option('--host <address>', 'address to listen on; there is no encryption', '127.0.0.1')
    .option('--db <file>', 'DuckDB file that keeps the warehouse (default: in memory, forgotten at the end)')
    .option('--database <name>', 'name of the database', 'dev')
    .option('--objects <dir>', 'directory that plays S3: s3://bucket/key is <dir>/bucket/key')
    .option('--s3-endpoint <url>', 'S3, or what speaks like it, instead of a directory', readUrl)
    .option('--cluster <id>', 'the only cluster identifier that is known (default: every one)')
    .option('--workgroup <name>', 'the only workgroup that is known (default: every one)')
    .option(
      '--credentials <key:secret>',
      'keys that may call; repeatable (default: every one)',
      readCredentials,
    )
    .option('--events <sink...>', 'completion events: webhook <url>, or sqs <queue-url>')
    .option('--fault <name=value>', 'something that goes wrong; repeatable', collect)
    .option('--limit <name=value>', 'a limit other than that of AWS; repeatable', collect)
    .option('--no-rates', 'do not throttle calls as AWS does')
    .addHelpText(
      'after',
      `
It prints \`listening on http://127.0.0.1:PORT\` when it takes calls. Give that URL to an AWS SDK or to the AWS CLI as
the endpoint of redshift-data; keys and region may be anything. docs/redshift-local.md has faults, limits and examples.

Examples:
  $ millrace redshift --port 8439 --db warehouse.db --objects ./objects
  $ aws redshift-data execute-statement --endpoint-url http://127.0.0.1:8439 \\
      --cluster-identifier any --database dev --sql 'SELECT 1'

Exit codes: 0 stopped by a signal, 1 it could not run, 2 wrong usage.`,
    )
    .action(async (flags: RedshiftFlags, command: Command) => {
      await runRedshift(flags, { terminal: context.terminal, json: context.options(command).json === true });
    });
}

async function runRedshift(
  flags: RedshiftFlags,
  { terminal, json }: { terminal: Terminal; json: boolean },
): Promise<void> {
  // Only now, as everywhere: `--help` has no need of a database engine.
  const { startRedshift } = await import('../redshift/start-redshift.ts');
  const { port, host, db, database, cluster, workgroup, credentials } = flags;
  const faults = await readFaults(flags.fault ?? []);
  const limits = await readLimits(flags);
  const objects = placeOf(flags, terminal);
  const sink = await openSink(flags.events);
  const stopped = stopSignal();
  try {
    await using redshift = await startRedshift({
      port,
      host,
      database,
      limits,
      faults,
      onError: (error) =>
        terminal.note(`redshift: ${error instanceof Error ? error.message : String(error)}`),
      ...(db === undefined ? {} : { db }),
      ...(objects === undefined ? {} : { objects }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(workgroup === undefined ? {} : { workgroup }),
      ...(credentials === undefined ? {} : { credentials }),
      ...(sink === undefined ? {} : { onEvent: sink.sink }),
    });
    if (json) terminal.jsonLine({ url: redshift.url, database });
    else terminal.result(`listening on ${redshift.url}`);
    await stopped;
  } finally {
    sink?.close();
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function placeOf({ objects, s3Endpoint }: RedshiftFlags, terminal: Terminal): ObjectsPlace | undefined {
  if (s3Endpoint !== undefined) {
    if (objects !== undefined) terminal.note(`objects come from ${s3Endpoint}; --objects is not used`);
    return { s3Endpoint };
  }
  return objects === undefined ? undefined : { directory: objects };
}

async function openSink(events: readonly string[] | undefined): Promise<ClosableSink | undefined> {
  if (events === undefined) return undefined;
  const [kind, url, ...more] = events;
  if (url === undefined || more.length > 0 || (kind !== 'webhook' && kind !== 'sqs')) {
    throw wrongUsage(
      `--events ${events.join(' ')} is not understood`,
      'write --events webhook <url>, or --events sqs <queue-url>',
    );
  }
  // Of a queue only the beginning: what emulators call theirs is not always a URL to the letter.
  const isUrl = kind === 'sqs' ? /^https?:\/\/[^/]+\/./u.test(url) : URL.canParse(url);
  if (!isUrl) throw wrongUsage(`--events: '${url}' is not a URL`, 'write http://host:port/path');
  const { sqsSink, webhookSink } = await import('../redshift/event-sinks.ts');
  if (kind === 'sqs') return sqsSink(url);
  const sink: EventSink = webhookSink(url);
  return { sink, close: () => undefined };
}

async function readFaults(texts: readonly string[]): Promise<Partial<FaultSettings>> {
  const { parseFault } = await import('@millrace/redshift-local/data-api');
  let faults: Partial<FaultSettings> = {};
  for (const text of texts) {
    try {
      faults = { ...faults, ...parseFault(text) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw wrongUsage(`--fault ${text}: ${error.message}`, 'write --fault name=value');
    }
  }
  return faults;
}

async function readLimits({ limit = [], rates }: RedshiftFlags): Promise<Partial<Limits>> {
  const { AWS_RATES, DEFAULT_LIMITS } = await import('@millrace/redshift-local/data-api');
  const { callsPerSecond: _, ...numbers } = DEFAULT_LIMITS;
  const limits: Record<string, number> = {};
  const callsPerSecond: Record<string, number> = rates ? { ...AWS_RATES } : {};
  for (const text of limit) {
    const [, name = '', value] = /^(\w+)=(\d+)$/u.exec(text) ?? [];
    if (value !== undefined && name in numbers) limits[name] = Number(value);
    else if (value !== undefined && name in AWS_RATES) callsPerSecond[name] = Number(value);
    else {
      const known = [...Object.keys(numbers), ...Object.keys(AWS_RATES)].join(', ');
      throw wrongUsage(`--limit ${text} is not understood`, `write name=number; the names are ${known}`);
    }
  }
  return { ...limits, callsPerSecond };
}

function readPort(text: string): number {
  if (!/^\d{1,5}$/u.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  }
  return Number(text);
}

function readUrl(text: string): string {
  if (!/^https?:/u.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('Write http://host:port.');
  }
  return text;
}

function readCredentials(text: string, before: readonly Credentials[] = []): readonly Credentials[] {
  const [, accessKeyId, secretAccessKey] = /^([^:]+):(.+)$/u.exec(text) ?? [];
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new InvalidArgumentError('Write the access key, a colon, and the secret key.');
  }
  return [...before, { accessKeyId, secretAccessKey }];
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function wrongUsage(message: string, hint: string): LoadError {
  return new LoadError('wrong-usage', message, { class: 'config', hint });
}
