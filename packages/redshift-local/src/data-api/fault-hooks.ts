import { setTimeout as pause } from 'node:timers/promises';
import { serializableViolation } from '../session/to-redshift-error.ts';
import type { Execution, ExecutionHooks } from './execution.ts';
import type { Faults } from './faults.ts';
import { connectionLost } from './to-error-text.ts';

/** The faults that strike while a statement runs. */
export function faultHooks(faults: Faults): ExecutionHooks {
  return {
    async beforePart(execution, { sql, index, count }) {
      const isTransaction = execution.statement.request.mode === 'transaction';
      if (isTransaction && index === Math.floor(count / 2) && faults.take('backendDeath'))
        throw connectionLost();
      const { slowCopyMs } = faults.settings;
      if (slowCopyMs > 0 && /^\s*copy\b/iu.test(sql)) await wait(slowCopyMs, execution);
    },
    async beforeCommit({ session }) {
      if (session === undefined || !faults.take('serializableViolations')) return;
      // A session that is kept goes on after it, without the transaction.
      await session.execute('ROLLBACK');
      // The cycle is made up: a test asked for it, there is no other transaction.
      const [one, other] = [session.lastQueryId, session.lastQueryId - 1];
      throw serializableViolation(MADE_UP_TABLE_ID, [one, other], session.pid);
    },
    afterCommit() {
      if (faults.take('lostCommitReply')) throw connectionLost();
    },
  };
}

const MADE_UP_TABLE_ID = 100_000;

/** Ends early when the execution is killed: its next step finds that out. */
async function wait(ms: number, { signal }: Execution): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
