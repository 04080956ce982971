import type { CopyError } from '@millrace/core';
import { LOAD_ERROR } from './copy/row-refusal.ts';
import type { ServerError } from './postgres-errors.ts';

/** What the server says of where a COPY failed. */
export interface CopyContext {
  /** Of the COPY, the first row being 1. */
  readonly row: number;
  readonly column: string | null;
  readonly value: string | null;
}

/** `COPY t, line 3, column id: "x"`; the value may be cut, or missing. In other languages the words differ, not the order. */
const CONTEXT = /^COPY [^\n]*?, \p{L}+ (\d+)(?:, \p{L}+ ([^\n]*?))?(?::\s*"([\s\S]*?)"|: [^\n]*)?$/mu;

/** Which row a COPY failed at; undefined when the server does not tell. */
export function readContext({ where = '' }: Pick<ServerError, 'where'>): CopyContext | undefined {
  const match = CONTEXT.exec(where);
  if (match === null) return undefined;
  const [, row, column, value] = match;
  return { row: Number(row), column: column ?? null, value: value ?? null };
}

const CODES: readonly (readonly [RegExp, number])[] = [
  [/^22001$/u, LOAD_ERROR.tooLong],
  [/^23502$/u, LOAD_ERROR.notNull],
  [/^22003$/u, LOAD_ERROR.overflow],
  [/^(?:22021|22P05)$/u, LOAD_ERROR.text],
  [/^(?:22030|22032)$/u, LOAD_ERROR.json],
];

const TYPES: readonly (readonly [RegExp, number])[] = [
  [/type timestamp|time zone|date\/time field/u, LOAD_ERROR.timestamp],
  [/type date\b/u, LOAD_ERROR.date],
  [/type boolean/u, LOAD_ERROR.boolean],
  [/type json/u, LOAD_ERROR.json],
  [/type (?:smallint|integer|bigint|numeric|real|double precision|money)/u, LOAD_ERROR.number],
];

/** The number by which Redshift calls it: suggestions of a fix go by these. */
export function loadErrorCode({ code: state = '', message }: Pick<ServerError, 'code' | 'message'>): number {
  const byState = CODES.find(([pattern]) => pattern.test(state));
  const byType = TYPES.find(([pattern]) => pattern.test(message));
  return byState?.[1] ?? byType?.[1] ?? LOAD_ERROR.type;
}

/** What COPY refused. */
export function toCopyError(
  error: ServerError,
  { url, line }: { readonly url: string; readonly line: number | null },
): CopyError {
  const context = readContext(error);
  const { detail } = error;
  return {
    fileUrl: url,
    line,
    column: context?.column ?? error.column ?? null,
    rawValue: context?.value ?? null,
    code: loadErrorCode(error),
    reason: detail === undefined || detail === '' ? error.message : `${error.message} (${detail})`,
  };
}
