import { LoadError } from '../recover/load-error.ts';
import type { EventProblem } from './envelope.ts';
import { LineWriter } from './line-writer.ts';
import type { RowValue } from './transform.ts';

/** Why a row cannot be written; undefined when it can. */
export function checkRow(values: readonly RowValue[]): EventProblem | undefined {
  try {
    new LineWriter().writeRow(values);
    return undefined;
  } catch (error) {
    return problemOfRow(error);
  }
}

/** What `LineWriter` threw, as a problem of the event. @throws the error itself when it says nothing of a value */
export function problemOfRow(error: unknown): EventProblem {
  if (error instanceof LoadError) return { code: error.code, reason: error.sentence };
  // What JSON cannot say of an object: a circle, a bigint in it.
  if (error instanceof TypeError) return { code: 'value-invalid', reason: error.message };
  throw error;
}
