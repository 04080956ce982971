import { laneNameOf } from '../../load/load-group.ts';
import { LoadError } from '../../recover/load-error.ts';
import { definitionOf, type Loader } from '../../verbs/loader.ts';

/**
 * Asks the warehouse to end the statement of the job that a target has in hand. What becomes of it is for settling to find
 * out, as after any failure: the receipts say whether it had committed.
 *
 * @throws LoadError `target-unknown`, `job-not-running` when the target has another job in hand, or none
 */
export async function cancelJob(
  loader: Loader,
  { target, job }: { readonly target: string; readonly job: string },
): Promise<void> {
  const lane = laneNameOf(definitionOf(loader, target));
  const { state } = await loader.tracker.lane(lane);
  if (state.kind === 'running' && state.job.id === job) {
    await loader.warehouse.cancel(state.statement);
    await loader.wakes.wake(lane, loader.now());
    return;
  }
  const now =
    state.kind === 'submitting' && state.job.id === job
      ? 'is being handed to the warehouse'
      : 'does not run (any more)';
  throw new LoadError('job-not-running', `job ${job.slice(0, 40)} of ${target} ${now}`, {
    class: 'usage',
    hint: 'look at the target again',
  });
}
