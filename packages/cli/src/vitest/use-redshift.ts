import { afterAll, beforeAll } from 'vitest';
import {
  type RunningRedshift,
  type StartRedshiftOptions,
  startRedshift,
} from '../redshift/start-redshift.ts';

export interface UseRedshiftOptions extends StartRedshiftOptions {
  /** SQL that is run when it has started, one statement each: tables, users, rows. */
  readonly setup?: readonly string[];
}

/** What `RunningRedshift` is, but for its end, which is the test file's. */
export type TestRedshift = Omit<RunningRedshift, 'close' | typeof Symbol.asyncDispose>;

/**
 * An offline Redshift with its Data API for the tests of this file or `describe`: starts before them, ends after them.
 * AWS's rates are off unless `limits.callsPerSecond` names some.
 *
 * What it returns can be used inside of tests and hooks only, not while the file is being collected.
 */
export function useRedshift({ setup = [], ...options }: UseRedshiftOptions = {}): TestRedshift {
  let running: RunningRedshift | undefined;
  beforeAll(async () => {
    running = await startRedshift({ ...options, limits: { callsPerSecond: {}, ...options.limits } });
    for (const sql of setup) await running.query(sql);
  });
  afterAll(async () => {
    await running?.close();
  });
  const redshift = (): RunningRedshift => {
    if (running === undefined) throw new Error('useRedshift(): use what it returns in tests and hooks only');
    return running;
  };
  return {
    get url() {
      return redshift().url;
    },
    get database() {
      return redshift().database;
    },
    get engine() {
      return redshift().engine;
    },
    get server() {
      return redshift().server;
    },
    get faults() {
      return redshift().faults;
    },
    get clientConfig() {
      return redshift().clientConfig;
    },
    query: (sql) => redshift().query(sql),
  };
}
