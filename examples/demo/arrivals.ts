import { setTimeout as pause } from 'node:timers/promises';
import type { Bucket } from './bucket.ts';
import { LoaderProcess } from './millrace-process.ts';
import { count, type Screen } from './screen.ts';
import type { Part, Sources } from './sources.ts';
import type { Watch } from './watch.ts';

/** How long a load is left to run before the loader is killed: longer than a submit takes, shorter than a load. */
const MID_LOAD_MS = 40;
const KILL_TRIES = 8;
/** The part of the files that has landed when the loader is to be killed. */
const KILL_AT = 0.4;
/** So many files later an earlier one is announced again. */
const LATER_BY = 20;
const NEXT_JOB_MS = 15_000;

export interface Stage {
  readonly directory: string;
  readonly sources: Sources;
  readonly bucket: Bucket;
  readonly watch: Watch;
  readonly screen: Screen;
  /** Everything lands within about this time. */
  readonly arrivalMs: number;
}

/** The load that was under way when the loader was killed. */
export interface KilledLoad {
  readonly jobId: string;
  readonly files: number;
  /** Until the loader was back. */
  readonly deadMs: number;
}

/** What arrivals leave behind. */
export interface Arrived {
  readonly loader: LoaderProcess;
  readonly landed: number;
  readonly announcedAgain: number;
  readonly killed: KilledLoad;
}

/**
 * Lets files land over a few seconds while the loader runs, and makes it hard for it: files that are announced twice, a
 * corrupt one, versions that come in the wrong order, and a SIGKILL in the middle of a load.
 */
export async function runArrivals(stage: Stage): Promise<Arrived> {
  const { directory, watch, screen } = stage;
  const first = await LoaderProcess.start(directory, { onEvent: watch.onEvent });
  screen.happening(`millrace up   process ${first.pid}`);
  const killPoint = Promise.withResolvers<void>();
  const [arrivals, { loader, killed }] = await Promise.all([
    landAll(stage, killPoint.resolve),
    killPoint.promise.then(() => killInMidLoad(first, stage)),
  ]);
  return { loader, killed, ...arrivals };
}

async function landAll(
  { sources, bucket, screen, arrivalMs }: Stage,
  atKillPoint: () => void,
): Promise<{ landed: number; announcedAgain: number }> {
  const parts = arrivalOrder(sources);
  let announcedAgain = 0;
  for (const [index, part] of parts.entries()) {
    await bucket.land(part);
    if (part === sources.airports.older)
      screen.happening(`late          airports  ${part.key}: older versions`);
    if (index === Math.round(parts.length * KILL_AT)) atKillPoint();
    // Again right behind the first time: both announcements are of one file.
    if (index % 6 === 2) {
      await bucket.renameOver(part);
      announcedAgain += 1;
    }
    // Again much later, when the file may be loaded.
    const earlier = parts[index - LATER_BY];
    if (earlier && index % 5 === 0) {
      await (index % 2 === 0 ? bucket.touch(earlier) : bucket.rewrite(earlier));
      announcedAgain += 1;
    }
    await pause(arrivalMs / parts.length);
  }
  screen.happening(
    `landed        all ${count(parts.length, 'file')}; ${announcedAgain} were announced twice`,
  );
  return { landed: parts.length, announcedAgain };
}

/** Formats mixed, as writers of their own would be; a version from before the others comes last. */
function arrivalOrder({ flights, delays, airports, corrupt }: Sources): readonly Part[] {
  const mixed = [...flights, ...delays]
    .map((part, index) => ({ part, at: (index * 0.618_034) % 1 }))
    .sort((one, other) => one.at - other.at)
    .map(({ part }) => part);
  const third = Math.floor(mixed.length / 3);
  return [
    airports.base,
    ...mixed.slice(0, third),
    airports.newer,
    ...mixed.slice(third, 2 * third),
    corrupt,
    ...mixed.slice(2 * third),
    airports.older,
  ];
}

/** Kills the loader while a load of flights is under way, and starts it again a moment later. */
async function killInMidLoad(
  loader: LoaderProcess,
  { directory, watch, screen }: Stage,
): Promise<{ loader: LoaderProcess; killed: KilledLoad }> {
  for (let attempt = 0; attempt < KILL_TRIES; attempt += 1) {
    const { job } = await watch.nextJob('public.flights', { withinMs: NEXT_JOB_MS });
    await pause(MID_LOAD_MS);
    // A small load may be over already: then it was no load to be killed in. A large one is the better test.
    const isSmall = job.files < 3 && attempt < KILL_TRIES / 2;
    if (isSmall || watch.loads.has(job.id)) continue;
    const killedAt = Date.now();
    await loader.kill();
    screen.happening(
      screen.style('red', `KILLED        SIGKILL in the middle of a load of ${count(job.files, 'file')}`),
    );
    await pause(500);
    const second = await LoaderProcess.start(directory, {
      onEvent: watch.onEvent,
      httpPort: loader.httpPort,
    });
    screen.happening(`millrace up   again, process ${second.pid}`);
    return { loader: second, killed: { jobId: job.id, files: job.files, deadMs: Date.now() - killedAt } };
  }
  throw new Error(`${KILL_TRIES} loads were over before the loader could be killed in one`);
}
