import { createRedshiftTasker } from '../handlers/redshift-tasker.ts';
import { composeTasker, type TaskerComposition } from '../tasker/compose-tasker.ts';

let composed: TaskerComposition | undefined;

/** The function's handler. It is put together by the first invocation. */
export const handler = createRedshiftTasker(() => {
  composed ??= composeTasker(process.env);
  return composed;
});
