import { composeOnce } from '../compose.ts';
import { createNextLoader } from '../handlers/next-loader.ts';

/** The function's handler. It is put together by the first invocation. */
export const handler = createNextLoader(composeOnce(process.env));
