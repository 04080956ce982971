import { composeOnce } from '../compose.ts';
import { createSweeper } from '../handlers/sweeper.ts';

/** The function's handler. It is put together by the first invocation. */
export const handler = createSweeper(composeOnce(process.env));
