import type { CompletionEvent } from '@millrace/redshift-local/data-api';
import type { CreatedObject } from '@millrace/testkit/aws';
import { type AwsClients, AwsEmulators } from '../aws/aws-emulators.ts';
import { type Counted, dollarsOf, otherRequests, requestsOf, writeUnitsOf } from '../aws/cost.ts';
import { LoaderFunctions } from '../aws/loader-functions.ts';
import { RequestMeter } from '../aws/request-meter.ts';
import { type Figure, formatNumber } from '../figure.ts';

const TARGET = 'public.readings';
const COLUMNS = 'id INTEGER NOT NULL, place VARCHAR(64)';
/** Within the SDK's sockets. */
const CONCURRENT_PUTS = 40;
const MINUTE_MS = 60_000;
/** Of the minute in which a job's files come; the rest is for the load. */
const ARRIVALS_MS = 50_000;
/** As many minutes as a configuration is believed, so that the looks at it are counted for what they are. */
const ROUNDS = 5;
const MAX_WRITE_UNITS = 2.2;
const MAX_OTHER_REQUESTS = 0.2;

interface Shape {
  /** Files per load job. */
  readonly files: number;
  /** Messages per invocation, as the event source is configured: more than ten take a batch window. */
  readonly messages: number;
  /** Whether the bounds are about it. */
  readonly isBound: boolean;
}

const SHAPES: readonly Shape[] = [
  { files: 1, messages: 1, isBound: false },
  { files: 10, messages: 10, isBound: false },
  { files: 100, messages: 100, isBound: true },
  { files: 500, messages: 500, isBound: false },
  { files: 100, messages: 10, isBound: false },
];

/**
 * What AWS is asked for, and what it charges, per file: the functions of one lane with warm containers, a load job per
 * minute, with everything that a minute brings: notifications, the completion event, wakes, a sweep.
 */
export async function measureAwsCost(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const shape of SHAPES) figures.push(...figuresOf(shape, await count(shape, ROUNDS)));
  return figures;
}

async function count({ files, messages }: Shape, rounds: number): Promise<Counted> {
  const table = 'tracker';
  const emulators = await AwsEmulators.start({ buckets: ['lake', 'control'], tables: [table] });
  const clients = emulators.clients();
  const meter = new RequestMeter(clients);
  const sent = watch(clients);
  await emulators.run(`CREATE TABLE ${TARGET} (${COLUMNS})`);
  const functions = await LoaderFunctions.open({
    emulators,
    clients,
    table,
    target: TARGET,
    definition: {
      mode: 'append',
      from: 's3://lake/readings/',
      format: { kind: 'csv' },
      maxFiles: files,
      freshness: '1m',
    },
  });
  // The first job makes the target ready, and the containers warm.
  for (let round = 0; round <= rounds; round += 1) {
    if (round === 1) {
      meter.reset();
      functions.reset();
    }
    await loadOnce({ round, files, messages, emulators, functions, sent });
  }
  await emulators.expectCount(TARGET, (rounds + 1) * files);
  await emulators.close();
  for (const client of Object.values(clients)) client.destroy();
  return { files: files * rounds, messages, asked: meter.byOperation(), worked: { ...functions.worked } };
}

interface Load {
  readonly round: number;
  readonly files: number;
  readonly messages: number;
  readonly emulators: AwsEmulators;
  readonly functions: LoaderFunctions;
  readonly sent: Sent;
}

/** A minute: files come, their job is loaded, wakes come due, the sweeper runs. */
async function loadOnce({ round, files, messages, emulators, functions, sent }: Load): Promise<void> {
  const { promise: completed, resolve } = Promise.withResolvers<CompletionEvent>();
  emulators.onCompleted = resolve;
  const name = String(round).padStart(4, '0');
  const keys = Array.from({ length: files }, (_, at) => `readings/2026/11/21/${name}/part-${at}.csv`);
  const objects: CreatedObject[] = [];
  for (let at = 0; at < files; at += CONCURRENT_PUTS) {
    const puts = keys.slice(at, at + CONCURRENT_PUTS);
    objects.push(
      ...(await Promise.all(puts.map((key) => emulators.put({ bucket: 'lake', key }, '1,here\n')))),
    );
  }
  for (let at = 0; at < files; at += messages) {
    await functions.takeNotifications(objects.slice(at, at + messages));
    functions.skip(ARRIVALS_MS / Math.ceil(files / messages));
  }
  // Intake does not look at the line after every few files: a full one may wait for its wake.
  const isEarly = sent.jobs > round;
  if (isEarly) await functions.takeCompletion(await completed);
  functions.skip(MINUTE_MS - ARRIVALS_MS);
  if (sent.wakes.length > 0) await functions.takeWakes(sent.wakes.splice(0));
  await functions.sweep();
  if (sent.jobs <= round) throw new Error('a minute is over, and no job was submitted');
  if (!isEarly) await functions.takeCompletion(await completed);
}

/** What the functions have sent so far, to be answered by the bench. */
interface Sent {
  jobs: number;
  /** Come back when their time is over, which the bench does not wait for. */
  readonly wakes: string[];
}

function watch({ sqs, redshiftData }: AwsClients): Sent {
  const sent: Sent = { jobs: 0, wakes: [] };
  redshiftData.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === 'BatchExecuteStatementCommand') sent.jobs += 1;
        return next(args);
      },
    { step: 'initialize', name: 'countJobs' },
  );
  sqs.middlewareStack.add(
    (next) => (args) => {
      const { MessageBody } = args.input as { MessageBody?: string };
      if (MessageBody !== undefined) sent.wakes.push(MessageBody);
      return next(args);
    },
    { step: 'initialize', name: 'collectWakes' },
  );
  return sent;
}

function figuresOf({ files, messages, isBound }: Shape, counted: Counted): readonly Figure[] {
  const of = `${files} a job${messages < files ? `, ${messages} a message batch` : ''}`;
  const { worked } = counted;
  const perFile = (value: number): number => value / counted.files;
  const dollars = dollarsOf(counted);
  const total = Object.values(dollars).reduce((sum, value) => sum + value, 0);
  const shares = Object.entries(dollars).map(([name, value]) => `${name} ${formatNumber(value)}`);
  return [
    {
      name: `${of}: write units`,
      value: perFile(writeUnitsOf(counted)),
      unit: 'per file',
      bound: isBound ? { atMost: MAX_WRITE_UNITS } : null,
      detail: requestsOf(counted, (asked) => (asked.writeUnits > 0 ? asked.writeUnits : null)),
    },
    {
      name: `${of}: other requests`,
      value: perFile(otherRequests(counted)),
      unit: 'per file',
      bound: isBound ? { atMost: MAX_OTHER_REQUESTS } : null,
      detail: requestsOf(counted, (asked) => (asked.writeUnits > 0 ? null : asked.requests)),
    },
    {
      name: `${of}: invocations`,
      value: perFile(worked.invocations),
      unit: 'per file',
      bound: null,
      detail: `${formatNumber(perFile(worked.wallMs) / 1_000)} GB·s per file; own CPU ${formatNumber(perFile(worked.cpuMs))} ms per file`,
    },
    {
      name: `${of}: dollars per million files`,
      value: total,
      unit: '$',
      bound: null,
      detail: shares.join(', '),
    },
  ];
}
