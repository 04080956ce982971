import { RedshiftError } from '../redshift-error.ts';
import type { SqlNode } from './token-tree.ts';

/** A call of a scalar function. */
export interface FunctionCall {
  readonly name: string;
  /** What stands between the brackets, and the same split at its commas. */
  readonly nodes: readonly SqlNode[];
  readonly items: readonly (readonly SqlNode[])[];
  /** The arguments in DuckDB SQL. */
  readonly args: readonly string[];
  /** Rewrites a part of `nodes` that is not an argument of its own, as in SUBSTRING(a FROM b). */
  readonly rewrite: (nodes: readonly SqlNode[]) => string;
}

/** @throws RedshiftError when the arguments do not fit the function. */
export type FunctionRule = (call: FunctionCall) => { readonly text: string; readonly isTimestamp?: boolean };

/** As Redshift words it; the types of the arguments are not known before DuckDB binds them. */
export function undefinedFunction(name: string, argumentCount: number): RedshiftError {
  const types = Array.from({ length: argumentCount }, () => 'unknown').join(', ');
  return new RedshiftError(
    `function ${name}(${types}) does not exist\n  Hint: No function matches the given name and argument types. ` +
      'You may need to add explicit type casts.',
    { sqlState: '42883' },
  );
}
