import { composeOnce } from '../compose.ts';
import { createLister } from '../handlers/lister.ts';

/** The function's handler. It is put together by the first invocation. */
export const handler = createLister(composeOnce(process.env));
