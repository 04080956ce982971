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

/**
 * What a value threw when it was read, as a problem of its event: a circle, a bigint in an object, a `toJSON` of its own, more
 * depth than there is a stack for. Whatever it is, it would come again, and hold the shard for ever.
 */
export function problemOfRow(error: unknown): EventProblem {
  if (error instanceof LoadError) return { code: error.code, reason: error.sentence };
  return { code: 'value-invalid', reason: error instanceof Error ? error.message : String(error) };
}
