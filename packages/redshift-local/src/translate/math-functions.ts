import type { FunctionRule } from './function-call.ts';
import { sameFunctions, template } from './function-rule.ts';

export const MATH_FUNCTIONS: readonly [string, FunctionRule][] = [
  ...sameFunctions('abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees exp floor ln'),
  ...sameFunctions('pi pow power radians random round sign sin sqrt tan greatest least'),
  // ROLLUP, CUBE and SETS stand before brackets as functions do.
  ...sameFunctions('rollup cube sets grouping'),
  ['mod', template('mod($1, rs_system.divisor($2))')],
  ['log', template('log10($1)')],
  ['dexp', template('exp($1)')],
  ['dlog1', template('ln($1)')],
  ['dlog10', template('log10($1)')],
  ['dpow', template('pow($1, $2)')],
  ['trunc', template('rs_system.truncated($1)', 'trunc($1, $2)')],
  ['to_hex', template('to_hex($1)')],
  ['strtol', template('rs_system.strtol($1, $2)')],
  ['coalesce', template('coalesce($*)')],
  ['nvl', template('coalesce($*)')],
  ['isnull', template('coalesce($1, $2)')],
  ['nvl2', template('(case when $1 is not null then $2 else $3 end)')],
  ['nullif', template('nullif($1, $2)')],
  ['decode', decode],
  ['generate_series', template('generate_series($1, $2)', 'generate_series($1, $2, $3)')],
];

/** DECODE(x, a, 1, b, 2, default): NULL equals NULL in it. */
function decode({ args }: { readonly args: readonly string[] }): { text: string } {
  const [value, ...rest] = args;
  let text = '(case';
  let at = 0;
  for (; at + 1 < rest.length; at += 2)
    text += ` when ${value} is not distinct from ${rest[at]} then ${rest[at + 1]}`;
  if (at < rest.length) text += ` else ${rest[at]}`;
  return { text: `${text} end)` };
}
