import { setTimeout as pause } from 'node:timers/promises';
import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import type { TableLoaded } from '@millrace/core';
import { errorFields, type Log } from '../log.ts';

/** PutEvents takes ten events. */
const EVENTS_PER_CALL = 10;
const MAX_SENDS = 3;
const PAUSE_MS = 100;

/**
 * Sends a `TableLoaded` event per load to EventBridge: source `millrace`. What EventBridge does not take is sent again, and
 * then logged: the rows are loaded either way, so nothing fails for it. Nobody gets an event whose load was not proven;
 * somebody may miss one when a function dies between the proof and here.
 */
export async function publishTableLoaded(
  client: EventBridgeClient,
  loads: readonly TableLoaded[],
  { eventBus, log }: { eventBus: string; log: Log },
): Promise<void> {
  for (let from = 0; from < loads.length; from += EVENTS_PER_CALL) {
    const left = loads.slice(from, from + EVENTS_PER_CALL);
    const refused = await send(client, left, { eventBus });
    if (refused.length === 0) continue;
    const [first] = refused;
    log.error('TableLoaded events were not sent', {
      events: refused.map(({ load }) => load),
      ...errorFields(first?.why),
    });
  }
}

interface Refused {
  readonly load: TableLoaded;
  readonly why: unknown;
}

async function send(
  client: EventBridgeClient,
  loads: readonly TableLoaded[],
  { eventBus }: { eventBus: string },
): Promise<readonly Refused[]> {
  let left = loads;
  let refused: readonly Refused[] = [];
  for (let sends = 1; left.length > 0 && sends <= MAX_SENDS; sends += 1) {
    if (sends > 1) await pause(PAUSE_MS * 2 ** sends);
    refused = await sendOnce(client, left, { eventBus });
    left = refused.map(({ load }) => load);
  }
  return refused;
}

async function sendOnce(
  client: EventBridgeClient,
  loads: readonly TableLoaded[],
  { eventBus }: { eventBus: string },
): Promise<readonly Refused[]> {
  const Entries: PutEventsRequestEntry[] = loads.map((load) => ({
    EventBusName: eventBus,
    Source: 'millrace',
    DetailType: 'TableLoaded',
    Detail: JSON.stringify(load),
  }));
  try {
    const { Entries: answers = [] } = await client.send(new PutEventsCommand({ Entries }));
    return loads.flatMap((load, at) => {
      const { ErrorCode, ErrorMessage } = answers[at] ?? {};
      return ErrorCode === undefined ? [] : [{ load, why: new Error(`${ErrorCode}: ${ErrorMessage}`) }];
    });
  } catch (why) {
    return loads.map((load) => ({ load, why }));
  }
}
