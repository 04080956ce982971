import type { CreatedObject } from '@millrace/testkit/aws';
import { AwsEmulators } from '../aws/aws-emulators.ts';
import { LoaderFunctions } from '../aws/loader-functions.ts';
import { answerFrom, recordAnswers } from '../aws/recorded-answers.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { median } from '../side-by-side.ts';

const TARGET = 'public.readings';
/** Messages of an invocation, a file each. */
const MESSAGES = 10;
/** Of a round: the line is this long at its end. */
const FILES = 500;
const MAX_OWN_MS = 0.3;

/**
 * The CPU time of intake without that of its SDK calls. A round is run against the emulators first, where the SDK's
 * answers are recorded, and then once more by clients that answer from the record at once: what the second run takes is
 * the function's own, and the difference is the SDK's. Subtracting two runs would find less than the noise of either.
 */
export async function measureAwsIntake({ rounds }: BenchSettings): Promise<readonly Figure[]> {
  // Round 0 warms up.
  const tables = Array.from({ length: rounds + 1 }, (_, round) => `tracker-${round}`);
  const emulators = await AwsEmulators.start({ buckets: ['lake', 'control'], tables });
  await emulators.run(`CREATE TABLE ${TARGET} (id INTEGER NOT NULL)`);
  const taken = { whole: [] as number[], own: [] as number[] };
  for (const [round, table] of tables.entries()) {
    const { wholeMs, ownMs } = await fillLine(emulators, table);
    if (round === 0) continue;
    taken.whole.push(wholeMs / FILES);
    taken.own.push(ownMs / FILES);
  }
  await emulators.close();
  return [
    {
      name: 'intake, 10 messages: own CPU',
      value: median(taken.own),
      unit: 'ms/file',
      bound: { atMost: MAX_OWN_MS },
      detail: `with the SDK's calls ${formatNumber(median(taken.whole))} ms; rounds ${taken.own.map(formatNumber).join(', ')}; a line of 1 to ${FILES} files`,
    },
  ];
}

/** A line that grows from nothing: none of its files is due. */
async function fillLine(emulators: AwsEmulators, table: string): Promise<{ wholeMs: number; ownMs: number }> {
  const clients = emulators.clients();
  const functions = await LoaderFunctions.open({
    emulators,
    clients,
    table,
    target: TARGET,
    definition: {
      mode: 'append',
      from: 's3://lake/readings/',
      format: { kind: 'csv' },
      maxFiles: 2 * FILES,
      freshness: '1h',
    },
  });
  // The first invocation makes the target ready.
  await functions.takeNotifications([announced(FILES)]);
  const answers = recordAnswers(clients);
  const wholeMs = await takeFiles(functions);
  answerFrom(clients, answers);
  const ownMs = await takeFiles(functions);
  for (const client of Object.values(clients)) client.destroy();
  return { wholeMs, ownMs };
}

/** @returns milliseconds of CPU. */
async function takeFiles(functions: LoaderFunctions): Promise<number> {
  functions.reset();
  for (let files = 0; files < FILES; files += MESSAGES) {
    await functions.takeNotifications(Array.from({ length: MESSAGES }, (_, at) => announced(files + at)));
  }
  return functions.worked.cpuMs;
}

/** What S3 tells of a file; nobody reads it. */
function announced(at: number): CreatedObject {
  return {
    eventName: 'ObjectCreated:Put',
    bucket: 'lake',
    key: `readings/2026/11/21/16/part-${String(at).padStart(6, '0')}.csv`,
    size: 1_000,
    etag: at.toString(16).padStart(32, '0'),
    sequencer: at.toString(16).padStart(18, '0'),
    at: 0,
  };
}
