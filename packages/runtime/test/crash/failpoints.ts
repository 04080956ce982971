import type { Loader, StatementBatch, Tracker, Warehouse } from '@millrace/core';
import { replaceMethods } from '../replace-methods.ts';

/** Where a process is killed, once. */
export const FAILPOINTS = [
  /** The lane points to its job; nothing is submitted. */
  'after-intent',
  /** The warehouse has the statement; the lane does not know its id. */
  'after-submit',
  /** All statements ran; the transaction is open. */
  'before-commit',
  /** The transaction is committed; nobody has written that down. */
  'after-commit',
  /** The waiting items are ended; the lane still has the job. */
  'mid-settle',
  /** The object is copied to the processed prefix; it is not deleted. */
  'mid-move',
] as const;
export type Failpoint = (typeof FAILPOINTS)[number];

/** Longer than the kill takes to come, so that the COMMIT behind it is not reached. */
const SLOW_STATEMENT =
  'SELECT COUNT(*) FROM generate_series(1, 200000) AS a, generate_series(1, 200000) AS b';
const KILL_BEFORE_COMMIT_MS = 400;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('a killed process goes on');
}

/** Puts a death between the verbs and one of their ports, at the `nth` time that the point is reached. */
export function withFailpoint(loader: Loader, point: Failpoint, nth: number): Loader {
  let reached = 0;
  const dieOn = (isPoint: boolean): void => {
    if (!isPoint) return;
    reached += 1;
    if (reached === nth) die();
  };
  const { tracker, warehouse, objects } = loader;
  switch (point) {
    case 'after-intent':
      return {
        ...loader,
        tracker: replaceMethods<Tracker>(tracker, {
          putLane: async (lane, options) => {
            const isPut = await tracker.putLane(lane, options);
            dieOn(isPut && lane.state.kind === 'submitting');
            return isPut;
          },
        }),
      };
    case 'after-submit':
      return {
        ...loader,
        warehouse: replaceMethods<Warehouse>(warehouse, {
          submit: async (batch) => {
            const statement = await warehouse.submit(batch);
            dieOn(true);
            return statement;
          },
        }),
      };
    case 'before-commit':
      return {
        ...loader,
        warehouse: replaceMethods<Warehouse>(warehouse, {
          submit: (batch) => {
            reached += 1;
            if (reached !== nth) return warehouse.submit(batch);
            setTimeout(die, KILL_BEFORE_COMMIT_MS);
            const slow: StatementBatch = { ...batch, statements: [...batch.statements, SLOW_STATEMENT] };
            return warehouse.submit(slow);
          },
        }),
      };
    case 'after-commit':
      return {
        ...loader,
        warehouse: replaceMethods<Warehouse>(warehouse, {
          describe: async (statement) => {
            const status = await warehouse.describe(statement);
            dieOn(status.state === 'finished');
            return status;
          },
        }),
      };
    case 'mid-settle':
      return {
        ...loader,
        tracker: replaceMethods<Tracker>(tracker, {
          markLoaded: async (target, files) => {
            await tracker.markLoaded(target, files);
            dieOn(true);
          },
        }),
      };
    case 'mid-move':
      return {
        ...loader,
        objects: replaceMethods(objects, {
          copy: async (from, to, options) => {
            const outcome = await objects.copy(from, to, options);
            dieOn(to.key.startsWith('processed/'));
            return outcome;
          },
        }),
      };
  }
}
