import { setTimeout as pause } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { LoaderProcess } from './millrace-process.ts';
import { askSources } from './questions.ts';
import { count, formatNumber, type Screen } from './screen.ts';
import type { Watch } from './watch.ts';

/** How many flights are posted, in requests of how many, over how many connections. */
const FLIGHTS = 6_000;
const PER_REQUEST = 50;
const SENDERS = 4;
/** The part of the requests behind which the process is killed that takes them. */
const KILL_AT = 0.5;
/** The answer to every third request is lost on its way, as far as the sender knows. */
const LOST_EVERY = 3;
const RETRY_MS = 150;
const GIVE_UP_MS = 20_000;

/** What the sender did. */
export interface Posted {
  readonly loader: LoaderProcess;
  readonly events: number;
  /** Events that were sent again though they had been taken. */
  readonly repeated: number;
  /** Requests that were sent while nobody was there. */
  readonly refused: number;
}

const POSTED_FLIGHTS = `SELECT * FROM all_flights WHERE flight_id <= ${FLIGHTS}`;

/** What the events have to come to, as tables over the published files. */
export async function expectEvents(database: DuckDBConnection): Promise<void> {
  await database.run(`
    CREATE TABLE landings AS
    SELECT 'flight-' || flight_id AS event_id, flown_at AS landed_at, origin, destination, delay, distance
    FROM (${POSTED_FLIGHTS})`);
  await database.run(
    'CREATE TABLE stations AS SELECT destination AS iata, MAX(landed_at) AS last_landing FROM landings GROUP BY 1',
  );
  await database.run(`
    CREATE TABLE routes AS
    SELECT origin, destination, ARG_MAX(distance, landed_at) AS distance, MAX(landed_at) AS last_flown
    FROM landings GROUP BY 1, 2`);
}

/**
 * Posts flights to `POST /v1/events` as a careful client does: with ids of its own, and again whatever was not answered.
 * In the middle the process that takes them is killed and started again.
 */
export async function postFlights(
  first: LoaderProcess,
  {
    directory,
    database,
    watch,
    screen,
  }: { directory: string; database: DuckDBConnection; watch: Watch; screen: Screen },
): Promise<Posted> {
  const requests = await readRequests(database);
  const url = `http://127.0.0.1:${first.httpPort}/v1/events`;
  const tally = { sent: 0, repeated: 0, refused: 0 };
  const killPoint = Promise.withResolvers<void>();
  const send = async (): Promise<void> => {
    for (let body = requests.pop(); body !== undefined; body = requests.pop()) {
      tally.sent += 1;
      if (tally.sent === Math.round((FLIGHTS / PER_REQUEST) * KILL_AT)) killPoint.resolve();
      await deliver(url, body, tally);
      if (tally.sent % LOST_EVERY !== 0) continue;
      await deliver(url, body, tally);
      tally.repeated += PER_REQUEST;
    }
  };
  const restart = async (): Promise<LoaderProcess> => {
    await killPoint.promise;
    await first.kill();
    screen.happening(screen.style('red', 'KILLED        SIGKILL while it takes events; the client sends on'));
    await pause(300);
    const second = await LoaderProcess.start(directory, { onEvent: watch.onEvent, httpPort: first.httpPort });
    screen.happening(`millrace up   again, process ${second.pid}`);
    return second;
  };
  const [loader] = await Promise.all([restart(), ...Array.from({ length: SENDERS }, send)]);
  screen.happening(
    `posted        ${count(FLIGHTS, 'flight')}, ${formatNumber(tally.repeated)} of them twice; ` +
      `${formatNumber(tally.refused)} requests refused`,
  );
  return { loader, events: FLIGHTS, repeated: tally.repeated, refused: tally.refused };
}

/** The bodies of the requests, as texts of JSON. */
async function readRequests(database: DuckDBConnection): Promise<string[]> {
  const flights = await askSources(
    database,
    `SELECT *, strftime(flown_at, '%Y-%m-%dT%H:%M:%SZ') AS time FROM (${POSTED_FLIGHTS}) ORDER BY hash(flight_id)`,
  );
  const events = flights.map(({ flight_id: flight, time, origin, destination, delay, distance }) => ({
    id: `flight-${flight}`,
    type: 'flight.landed',
    time,
    data: { origin, destination, delay: Number(delay), distance: Number(distance) },
  }));
  return Array.from({ length: FLIGHTS / PER_REQUEST }, (_, request) =>
    JSON.stringify(events.slice(request * PER_REQUEST, (request + 1) * PER_REQUEST)),
  );
}

/** Sends until it is answered. @throws Error when the answer is not that all was taken, or does not come in time */
async function deliver(url: string, body: string, tally: { refused: number }): Promise<void> {
  const until = Date.now() + GIVE_UP_MS;
  for (;;) {
    const answer = await post(url, body);
    if (answer?.status === 202) {
      const { accepted } = (await answer.json()) as { accepted: number };
      if (accepted === PER_REQUEST) return;
      throw new Error(`${url} took ${accepted} of ${PER_REQUEST} events`);
    }
    if (answer !== undefined && answer.status !== 503) {
      throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
    }
    if (Date.now() > until) throw new Error(`${url} took no events for ${GIVE_UP_MS} ms`);
    tally.refused += 1;
    await pause(RETRY_MS);
  }
}

/** Undefined: nobody was there, or the connection broke before the answer; whether it was taken is not known then. */
async function post(url: string, body: string): Promise<Response | undefined> {
  try {
    const headers = { 'content-type': 'application/json' };
    return await fetch(url, { method: 'POST', headers, body });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
