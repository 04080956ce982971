import { RedshiftError } from '../redshift-error.ts';
import type { CopyContext } from './copy-context.ts';
import { readObjectText } from './copy-file.ts';
import { type JsonSpan, JsonSyntaxError, scanJson, skipSpace } from './json-scanner.ts';

/** One expression of a jsonpaths file: `$.a.b`, `$['a']['b']`, `$[0]`, `$.a[2]`. */
export interface JsonPath {
  /**
   * The value at the path; undefined when an object has no such member.
   *
   * @throws JsonSyntaxError when an array has no such element.
   */
  find(json: string): JsonSpan | undefined;
}

const STEP = /\.([A-Za-z_][\w-]*)|\['([^']*)'\]|\["([^"]*)"\]|\[(\d+)\]/uy;

/** @throws RedshiftError for an expression that is no path. */
export function parseJsonPath(expression: string): JsonPath {
  const steps: (string | number)[] = [];
  let at = 1;
  while (expression[0] === '$' && at < expression.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(expression);
    if (!match) break;
    steps.push(match[4] === undefined ? (match[1] ?? match[2] ?? match[3] ?? '') : Number(match[4]));
    at += match[0].length;
  }
  if (expression[0] !== '$' || at !== expression.length || steps.length === 0) {
    throw new RedshiftError(`Invalid JSONPath format: '${expression}'`, {
      detail: "write $.name, $['name'] or $[0], joined as needed",
    });
  }
  return { find: (json) => walk(json, steps) };
}

function walk(json: string, steps: readonly (string | number)[]): JsonSpan | undefined {
  let start = skipSpace(json, 0);
  let found: JsonSpan | undefined;
  for (const step of steps) {
    let member: JsonSpan | undefined;
    const span = scanJson(json, start, (key, value) => {
      if (key === step) member ??= value;
    });
    if (!member && typeof step === 'number') {
      throw new JsonSyntaxError(
        'Invalid JSONPath format: Not an array or index out of range.',
        span.start,
        false,
      );
    }
    if (!member) return undefined;
    found = member;
    start = member.start;
  }
  return found;
}

/**
 * The expressions of a jsonpaths file; undefined when it has no list under the name `jsonpaths`.
 *
 * @throws RedshiftError when the file is not there or is not JSON.
 */
export async function readJsonPaths(url: string, context: CopyContext): Promise<string[] | undefined> {
  const text = await readObjectText(url, context);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new RedshiftError(`Invalid JSONPath format: ${url} is not JSON (${(error as Error).message})`, {
      cause: error,
    });
  }
  const paths =
    typeof document === 'object' && document !== null && 'jsonpaths' in document
      ? document.jsonpaths
      : undefined;
  if (!Array.isArray(paths)) return undefined;
  return paths.map((path: unknown) => {
    if (typeof path !== 'string')
      throw new RedshiftError(`Invalid JSONPath format: ${JSON.stringify(path)} in ${url}`);
    return path;
  });
}
