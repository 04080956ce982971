import { setTimeout as pause } from 'node:timers/promises';
import { readWake } from '@millrace/aws/sqs';
import { LoadError, type SettleOutcome, settle } from '@millrace/core';
import type { Site } from '../catalog/site.ts';
import type { Composition } from '../compose.ts';
import {
  type InvocationContext,
  isSqsEvent,
  type SqsBatchResponse,
  type SqsEvent,
  type SqsRecord,
} from '../event/lambda-event.ts';
import { readStatementEvent, type StatementEnd } from '../event/statement-event.ts';
import { outOfTime } from '../shift/out-of-time.ts';
import type { Desk } from './desk.ts';
import { answerBatch } from './failed-records.ts';

/** An event may overtake what it is about: the note of the statement's id, and what the Data API lists. */
const MAX_LOOKS = 4;
const LOOK_PAUSE_MS = 250;

/**
 * Settles the job whose statement has ended, however it ended, and begins the lane's next one; also moves on lanes whose
 * wakes come by SQS. Ends come from EventBridge straight, or through a queue, which keeps them while this function cannot
 * take them. Events are hints: what is true is asked, so that a late, repeated or foreign one changes nothing.
 */
export function createNextLoader(
  compose: () => Composition,
): (event: unknown, context: InvocationContext) => Promise<SqsBatchResponse> {
  return async (event, context) => {
    const composition = compose();
    const shift = composition.begin(context);
    if (isSqsEvent(event)) return takeMessages(event, { composition, shift });
    await takeEvent(event, { composition, shift });
    await shift.finish();
    return { batchItemFailures: [] };
  };
}

async function takeEvent(event: unknown, desk: Desk): Promise<void> {
  const end = readStatementEvent(event);
  if (end === undefined) desk.composition.log.debug('the statement is not a load job’s', { event });
  else await takeEnd(end, desk);
}

async function takeEnd(end: StatementEnd, { composition, shift }: Desk): Promise<void> {
  if (shift.isShort) throw outOfTime(`the end of job ${end.jobId}`);
  const sites = await sitesWith(composition, (site) => isOf(site, end));
  if (sites.length === 0) {
    const { database, target } = end;
    composition.log.debug('the statement is of no target here', { database, target });
    return;
  }
  for (const site of sites) await settleEnd(site, end, { composition, shift });
}

/** Databases of two clusters may have one name: then the event's resources tell, and else both lanes are looked at. */
function isOf(site: Site, { database, target, resources }: StatementEnd): boolean {
  if (site.database !== database || !site.targets.has(target)) return false;
  const clusters = resources.flatMap((arn) => /:redshift:.*:cluster:([^:]+)$/u.exec(arn)?.[1] ?? []);
  return clusters.length === 0 || clusters.includes(site.warehouse);
}

async function settleEnd(site: Site, end: StatementEnd, { composition, shift }: Desk): Promise<void> {
  const { target, jobId, attempt, state } = end;
  const loader = shift.loaderOf(site);
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    const lane = await loader.tracker.lane(target);
    const { state: laneState } = lane;
    const isInHand = laneState.kind === 'submitting' || laneState.kind === 'running';
    if (!isInHand || laneState.job.id !== jobId || laneState.job.attempt !== attempt) {
      composition.log.debug('the job is settled already', { target, job: jobId, state });
      return;
    }
    const outcome: SettleOutcome = await settle(loader, target, { lane });
    const isOpen = outcome.kind === 'nothing' || outcome.kind === 'running' || outcome.kind === 'lost-race';
    if (outcome.kind === 'loaded') {
      if (outcome.lane.state.kind !== 'idle') shift.lookAt(site, target, { lane: outcome.lane });
      return;
    }
    if (!isOpen) {
      shift.lookAt(site, target);
      return;
    }
    if (look < MAX_LOOKS && !shift.isShort) await pause(LOOK_PAUSE_MS * look);
  }
  composition.log.info('the job’s end cannot be seen yet; the sweeper looks', { target, job: jobId, state });
}

/** Wakes, and ends of statements that a rule of EventBridge has put into a queue. */
async function takeMessages(event: SqsEvent, { composition, shift }: Desk): Promise<SqsBatchResponse> {
  const failures = new Map<SqsRecord, unknown>();
  const looked: { readonly record: SqsRecord; readonly site: Site; readonly target: string }[] = [];
  for (const record of event.Records) {
    try {
      const end = readEnvelope(record.body);
      if (end !== undefined) await takeEvent(end, { composition, shift });
      else
        for (const lane of await takeWake(record, { composition, shift })) looked.push({ record, ...lane });
    } catch (error) {
      failures.set(record, error);
    }
  }
  await shift.finish();
  for (const { record, site, target } of looked) {
    const error = shift.brokenBy(site, target);
    if (error !== undefined) failures.set(record, error);
  }
  return answerBatch(event, failures, composition.log);
}

/** An event of EventBridge in a message's body; undefined for any other body. */
function readEnvelope(body: string): unknown {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return typeof message === 'object' && message !== null && 'detail-type' in message ? message : undefined;
}

/** @returns the lanes that are looked at for it. */
async function takeWake(
  record: SqsRecord,
  { composition, shift }: Desk,
): Promise<readonly { readonly site: Site; readonly target: string }[]> {
  const wake = readWake(record.body);
  if (wake === undefined) {
    throw new LoadError('wake-foreign', `message ${record.messageId} is not a wake`, {
      class: 'data',
      hint: 'its queues are for wakes, and for ends of statements from EventBridge; give S3 a queue of its own',
    });
  }
  if (shift.isShort) throw outOfTime('the wake');
  const laneOf = (site: Site): string | undefined => {
    if (!wake.target.startsWith(site.wakePrefix)) return undefined;
    const target = wake.target.slice(site.wakePrefix.length);
    return site.targets.has(target) ? target : undefined;
  };
  const sites = await sitesWith(composition, (site) => laneOf(site) !== undefined);
  if (sites.length === 0) composition.log.info('a wake for a lane that is no more', { lane: wake.target });
  const lanes: { site: Site; target: string }[] = [];
  for (const site of sites) {
    const target = laneOf(site) ?? '';
    if (wake.wakeAt > composition.now()) {
      await site.sendOn(wake.target, wake.wakeAt);
      continue;
    }
    shift.lookAt(site, target);
    lanes.push({ site, target });
  }
  return lanes;
}

/** The sites that are meant. Targets may have come while this container was warm: then the list is read once more. */
async function sitesWith(
  { catalog }: Composition,
  isMeant: (site: Site) => boolean,
): Promise<readonly Site[]> {
  const known = (await catalog.sites()).filter(isMeant);
  if (known.length > 0) return known;
  return (await catalog.sites({ isFresh: true })).filter(isMeant);
}
