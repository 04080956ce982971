import type { FunctionCall, FunctionRule } from './function-call.ts';
import { undefinedFunction } from './function-call.ts';

/** Functions that DuckDB has under the same name with the same meaning. */
export function sameFunctions(names: string): [string, FunctionRule][] {
  return names.split(/\s+/u).map((name) => [name, (call) => ({ text: `${name}(${call.args.join(', ')})` })]);
}

/**
 * A function as a template: `$1`, `$2` … are its arguments, `$*` all of them. Several templates differ in how many
 * arguments they take.
 */
export function template(...templates: readonly string[]): FunctionRule {
  return fill(templates, false);
}

/** A template whose result is a timestamp. */
export function timestampTemplate(...templates: readonly string[]): FunctionRule {
  return fill(templates, true);
}

/** The SQL of a template for these arguments; undefined when none takes so many. */
export function fillTemplate(templates: readonly string[], args: readonly string[]): string | undefined {
  const fitting = templates.find((text) => arityOf(text) === args.length || text.includes('$*'));
  return fitting?.replaceAll(/\$(\*|\d)/gu, (_, key: string) =>
    key === '*' ? args.join(', ') : (args[Number(key) - 1] ?? ''),
  );
}

function fill(templates: readonly string[], isTimestamp: boolean): FunctionRule {
  return (call: FunctionCall) => {
    const text = fillTemplate(templates, call.args);
    if (text === undefined) throw undefinedFunction(call.name, call.args.length);
    return { text, isTimestamp };
  };
}

function arityOf(text: string): number {
  return Math.max(0, ...[...text.matchAll(/\$(\d)/gu)].map(([, digit]) => Number(digit)));
}
