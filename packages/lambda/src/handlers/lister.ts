import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { renderMetricLine } from '@millrace/aws/cloudwatch';
import { LoadError, listSome } from '@millrace/core';
import type { Site } from '../catalog/site.ts';
import type { Composition } from '../compose.ts';
import {
  type InvocationContext,
  isSqsEvent,
  type SqsBatchResponse,
  type SqsEvent,
  type SqsRecord,
} from '../event/lambda-event.ts';
import { errorFields } from '../log.ts';
import { outOfTime } from '../shift/out-of-time.ts';
import type { Desk } from './desk.ts';
import { answerBatch } from './failed-records.ts';
import { ListPosition } from './list-position.ts';

interface Errand {
  readonly site: Site;
  readonly target: string;
}

/** Objects that are looked up in a run for each file that may be enqueued, and at least: objects that stay take their turn. */
const LOOKED_PER_FILE = 10;
const MIN_LOOKED = 10_000;
/** Objects that are counted in a run: a hundred requests to S3. */
const MAX_LISTED = 100_000;
/** SQS takes ten messages at once. */
const MESSAGES_PER_CALL = 10;

/**
 * S3 as a queue: once a minute lists the prefixes of every target and lets at most `MAX_FILES_PER_RUN` files into its
 * lane, which loads them by one COPY. Tells `UnprocessedFiles` of each: objects listed, less those let in or loaded.
 *
 * With a `LIST_QUEUE_URL` and several targets, each has an invocation of its own: the scheduled one sends a message per
 * target to that queue, whose consumer is this same function.
 *
 * @throws LoadError `listing-incomplete` when a target could not be listed, after the others were.
 */
export function createLister(
  compose: () => Composition,
): (event: unknown, context: InvocationContext) => Promise<SqsBatchResponse> {
  return async (event, context) => {
    const composition = compose();
    const shift = composition.begin(context);
    const desk = { composition, shift };
    if (isSqsEvent(event)) return listAsked(event, desk);
    const errands = (await composition.catalog.sites()).flatMap((site) =>
      [...site.targets.values()]
        .filter(({ name, from }) => from.length > 0 && !site.bulkTargets.has(name))
        .map(({ name }) => ({ site, target: name })),
    );
    const { listQueueUrl } = composition.environment;
    if (listQueueUrl !== undefined && errands.length > 1)
      await fanOut(errands, { ...desk, queueUrl: listQueueUrl });
    else await listAll(errands, desk);
    return { batchItemFailures: [] };
  };
}

async function listAll(errands: readonly Errand[], desk: Desk): Promise<void> {
  const { composition, shift } = desk;
  const missed: string[] = [];
  for (const errand of errands) {
    try {
      await list(errand, desk);
    } catch (error) {
      missed.push(errand.target);
      composition.log.error('a target could not be listed', { target: errand.target, ...errorFields(error) });
    }
  }
  await shift.finish();
  if (missed.length === 0) return;
  throw new LoadError('listing-incomplete', `not listed: ${missed.join(', ')}`, {
    class: 'transient',
    hint: 'the log says why; the next run is in a minute',
  });
}

async function list({ site, target }: Errand, { composition, shift }: Desk): Promise<void> {
  if (shift.isShort) throw outOfTime(`the listing of ${target}`);
  const { environment, now, writeLine, log } = composition;
  const { maxFilesPerRun } = environment;
  const loader = shift.loaderOf(site);
  await shift.makeReady(site, target);
  const total = { listed: 0, added: 0, loaded: 0, isWhole: true };
  for (const prefix of site.targets.get(target)?.from ?? []) {
    const place = new ListPosition(loader, { target, prefix });
    const position = await place.read();
    const report = await listSome(loader, target, {
      prefix,
      position,
      maxFiles: maxFilesPerRun - total.added,
      maxLooked: Math.max(MIN_LOOKED, maxFilesPerRun * LOOKED_PER_FILE),
      maxListed: MAX_LISTED,
    });
    if (report.position !== position) await place.write(report.position);
    total.listed += report.listed;
    total.added += report.added;
    total.loaded += report.loaded;
    total.isWhole &&= report.isWhole;
  }
  // They have waited for this run already: one COPY for them now.
  if (total.added > 0) shift.lookAt(site, target, { isDraining: true });
  const UnprocessedFiles = total.listed - total.added - total.loaded;
  log.info('target listed', { target, ...total, unprocessed: UnprocessedFiles });
  writeLine(
    renderMetricLine({
      at: now(),
      namespace: 'millrace',
      dimensions: { target },
      metrics: [
        { name: 'UnprocessedFiles', unit: 'Count', value: UnprocessedFiles },
        { name: 'ListedFiles', unit: 'Count', value: total.listed },
      ],
    }),
  );
}

async function fanOut(
  errands: readonly Errand[],
  { composition, queueUrl }: Desk & { readonly queueUrl: string },
): Promise<void> {
  for (let from = 0; from < errands.length; from += MESSAGES_PER_CALL) {
    const some = errands.slice(from, from + MESSAGES_PER_CALL);
    const { Failed = [] } = await composition.clients.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: some.map(({ site, target }, at) => ({
          Id: String(at),
          MessageBody: JSON.stringify({ millrace: 'list', site: site.name, target }),
        })),
      }),
    );
    // The next run comes in a minute: what is missed is not sent twice.
    for (const { Id, Message } of Failed) {
      composition.log.error('a target was not handed on', {
        target: some[Number(Id)]?.target,
        reason: Message,
      });
    }
  }
}

async function listAsked(event: SqsEvent, desk: Desk): Promise<SqsBatchResponse> {
  const { composition, shift } = desk;
  const failures = new Map<SqsRecord, unknown>();
  for (const record of event.Records) {
    try {
      const { site: name, target } = readErrand(record);
      const site = (await composition.catalog.sites()).find(
        (one) => one.name === name && one.targets.has(target),
      );
      if (site) await list({ site, target }, desk);
      else composition.log.info('a listing of a target that is no more', { target });
    } catch (error) {
      failures.set(record, error);
    }
  }
  await shift.finish();
  return answerBatch(event, failures, composition.log);
}

function readErrand({ body, messageId }: SqsRecord): { readonly site: string; readonly target: string } {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof message === 'object' && message !== null) {
    const { millrace, site, target } = message as Readonly<Record<string, unknown>>;
    if (millrace === 'list' && typeof site === 'string' && typeof target === 'string')
      return { site, target };
  }
  throw new LoadError('list-foreign', `message ${messageId} is no listing`, {
    class: 'data',
    hint: 'only the lister writes to its queue',
  });
}
