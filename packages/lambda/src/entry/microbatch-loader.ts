import { composeOnce } from '../compose.ts';
import { createMicrobatchLoader } from '../handlers/microbatch-loader.ts';

/** The function's handler. It is put together by the first invocation. */
export const handler = createMicrobatchLoader(composeOnce(process.env));
