import type { RowValue } from '../event/transform.ts';

/** What speaks against a value: `it has 25 bytes`. Undefined: nothing that is known. NULL is not asked about. */
export type ValueCheck = (value: RowValue) => string | undefined;
