/** What the constructs use of the core, as one file: they are compiled by themselves, and installed without it. */
export { parseConfig, parseQueueDocument } from '@millrace/core';
