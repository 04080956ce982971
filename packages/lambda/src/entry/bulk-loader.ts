import { composeOnce } from '../compose.ts';
import { createBulkLoader } from '../handlers/bulk-loader.ts';

/** The function's handler. It is put together by the first invocation. */
export const handler = createBulkLoader(composeOnce(process.env));
