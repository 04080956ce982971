import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { StatusReport } from '@millrace/core';
import { runArrivals } from './arrivals.ts';
import { Bucket } from './bucket.ts';
import { type Check, checkCorrected, checkEvents, checkLoaded, checkRoutes, isRight } from './checks.ts';
import { expectEvents, type Posted, postFlights } from './flight-events.ts';
import { askMillrace } from './millrace-process.ts';
import {
  reportChecks,
  reportCorrection,
  reportFailures,
  reportPace,
  reportRoutes,
  reportSources,
  reportTables,
  reportWrong,
} from './report.ts';
import { count, formatSeconds, type Screen } from './screen.ts';
import { cutSources, openSources } from './sources.ts';
import { Watch } from './watch.ts';

export interface DemoOptions {
  /** A new, empty directory: the project is made in it. */
  readonly directory: string;
  /** Of the flights, how many; null: all. */
  readonly rows: number | null;
  /** How long files keep landing. */
  readonly arrivalMs: number;
}

/** How long the last files may take to be loaded. */
const SETTLE_MS = 60_000;
const STATUS_POLL_MS = 300;
/** Longer than the freshness of the targets: what came twice would be there twice by then. */
const STAYS_SO_MS = 2_500;

/**
 * The demo: cuts the sources, lets them land, and holds what is in the warehouse against what was published.
 *
 * @returns whether every number was right. @throws Error when it did not come to numbers.
 */
export async function runDemo(screen: Screen, options: DemoOptions): Promise<boolean> {
  const { directory, rows, arrivalMs } = options;
  screen.line(
    screen.style('bold', 'Millrace: three formats into one warehouse, exactly once, whatever happens'),
  );
  screen.line(`in ${directory}`);

  screen.heading('Sources: US flights of 2001, cut into files');
  await cp(join(import.meta.dirname, 'project'), directory, { recursive: true });
  const database = await openSources(rows);
  const { sources, total } = await cutSources(database, join(directory, 'parts'));
  reportSources(screen, sources);

  screen.heading('Loading: files land, `millrace up` takes them');
  const bucket = new Bucket(join(directory, 'objects'));
  const watch = new Watch(screen, { files: sources.flights.length + sources.delays.length + 4 });
  const arrived = await runArrivals({ directory, sources, bucket, watch, screen, arrivalMs });
  await untilSettled(directory, arrived.landed);
  screen.live('');

  screen.heading('Result');
  const { tables, checks, receipts, failures } = await checkLoaded(directory, { database, sources, arrived });
  reportTables(screen, tables);
  screen.line();
  reportPace(screen, { arrived, receipts, watch, landedAt: bucket.landedAt });

  screen.heading('Checked: the published files, asked with DuckDB alone, against the warehouse');
  reportChecks(screen, checks);

  screen.heading(`Quarantined: ${count(failures.length, 'file')}, and nothing waited for it`);
  reportFailures(screen, failures);

  screen.heading('Corrected');
  await bucket.replace(sources.corrupt, sources.corrupt.corrected);
  reportCorrection(screen, sources);
  await askMillrace(directory, 'redrive');
  const corrected = await checkCorrected(directory, {
    total,
    status: await untilSettled(directory, arrived.landed),
  });
  screen.live('');
  reportChecks(screen, corrected);

  screen.heading('The ten busiest routes: facts and dimension joined');
  await database.run('CREATE OR REPLACE VIEW flights AS SELECT * FROM all_flights');
  const { routes, checks: routeChecks } = await checkRoutes(directory, database);
  reportRoutes(screen, routes);

  screen.heading('Events: flights posted over HTTP become a fact and two dimensions');
  await expectEvents(database);
  const posted = await postFlights(arrived.loader, { directory, database, watch, screen });
  const events = await untilQueryable(directory, { database, posted });
  screen.live('');
  reportChecks(screen, events);
  await posted.loader.stop();

  const all = [...checks, ...corrected, ...routeChecks, ...events];
  const wrong = all.filter((check) => !isRight(check));
  if (wrong.length > 0) {
    reportWrong(screen, wrong);
    return false;
  }
  screen.heading(
    `${screen.style('green', 'OK')}: ${count(all.length, 'number')} checked, all right, in ${formatSeconds(screen.elapsedMs)}`,
  );
  return true;
}

/** Waits until the events are rows, or it is too late for that; then looks again, whether it stays so. */
async function untilQueryable(
  directory: string,
  given: { database: DuckDBConnection; posted: Posted },
): Promise<readonly Check[]> {
  const until = Date.now() + SETTLE_MS;
  while (!(await checkEvents(directory, given)).every(isRight) && Date.now() < until) {
    await pause(STATUS_POLL_MS);
  }
  await pause(STAYS_SO_MS);
  return checkEvents(directory, given);
}

/**
 * Waits until every file that landed is loaded or set aside.
 *
 * @throws Error with where the targets stand when that does not happen in time.
 */
async function untilSettled(directory: string, files: number): Promise<StatusReport> {
  const until = Date.now() + SETTLE_MS;
  for (;;) {
    const status = await askMillrace<StatusReport>(directory, 'status');
    let waiting = 0;
    let settled = 0;
    for (const target of Object.values(status.targets)) {
      waiting += target.waiting + target.loading;
      settled += target.loaded + target.quarantined;
    }
    if (waiting === 0 && settled >= files) return status;
    if (Date.now() > until) {
      throw new Error(`not all ${files} files are settled after ${SETTLE_MS} ms: ${JSON.stringify(status)}`);
    }
    await pause(STATUS_POLL_MS);
  }
}
