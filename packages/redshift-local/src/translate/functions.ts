import { DATE_FUNCTIONS } from './date-functions.ts';
import type { FunctionRule } from './function-call.ts';
import { JSON_FUNCTIONS } from './json-functions.ts';
import { MATH_FUNCTIONS } from './math-functions.ts';
import { SESSION_FUNCTIONS } from './session-functions.ts';
import { STRING_FUNCTIONS } from './string-functions.ts';

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
