import { RedshiftError } from '../redshift-error.ts';
import { DATE_FUNCTIONS } from './date-functions.ts';
import { JSON_FUNCTIONS } from './json-functions.ts';
import { MATH_FUNCTIONS } from './math-functions.ts';
import { SESSION_FUNCTIONS } from './session-functions.ts';
import { STRING_FUNCTIONS } from './string-functions.ts';
import type { SqlNode } from './token-tree.ts';

/** A call of a scalar function. */
export interface FunctionCall {
  readonly name: string;
  /** What stands between the brackets, and the same split at its commas. */
  readonly nodes: readonly SqlNode[];
  readonly items: readonly (readonly SqlNode[])[];
  /** The arguments in DuckDB SQL. */
  readonly args: readonly string[];
}

/** @throws RedshiftError when the arguments do not fit the function. */
export type FunctionRule = (call: FunctionCall) => { readonly text: string; readonly isTimestamp?: boolean };

/**
 * Every scalar function that Redshift SQL may call here. What is not in it does not exist: DuckDB has many functions
 * that Redshift has not, and some that it has under the same name mean something else.
 */
export const FUNCTIONS: ReadonlyMap<string, FunctionRule> = new Map([
  ...STRING_FUNCTIONS,
  ...MATH_FUNCTIONS,
  ...DATE_FUNCTIONS,
  ...JSON_FUNCTIONS,
  ...SESSION_FUNCTIONS,
]);

/** As Redshift words it; the types of the arguments are not known before DuckDB binds them. */
export function undefinedFunction(name: string, argumentCount: number): RedshiftError {
  const types = Array.from({ length: argumentCount }, () => 'unknown').join(', ');
  return new RedshiftError(
    `function ${name}(${types}) does not exist\n  Hint: No function matches the given name and argument types. ` +
      'You may need to add explicit type casts.',
    { sqlState: '42883' },
  );
}
