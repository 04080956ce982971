import { LoadError } from '../recover/load-error.ts';

/** Steps into a value: names of keys, numbers of places in a list. */
export type JsonPath = readonly (string | number)[];

const STEP = /\.([A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]*)|\[(\d{1,6})\]|\["((?:[^"\\]|\\.)+)"\]/uy;

/**
 * Reads `$.data.url`, `$.data.items[0].sku`, `$["odd name"]`. `$` alone is the whole event.
 *
 * @throws LoadError `invalid-path`
 */
export function parseJsonPath(text: string): JsonPath {
  if (!text.startsWith('$')) throw invalid(text);
  const path: (string | number)[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < text.length) {
    const [, name, place, quoted] = STEP.exec(text) ?? [];
    if (name !== undefined) path.push(name);
    else if (place !== undefined) path.push(Number(place));
    else if (quoted !== undefined) path.push(unquote(text, quoted));
    else throw invalid(text);
  }
  return path;
}

/** What is there; undefined when any step leads nowhere. */
export function valueAt(value: unknown, path: JsonPath): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Readonly<Record<string | number, unknown>>)[step];
  }
  return at;
}

function unquote(text: string, quoted: string): string {
  try {
    return JSON.parse(`"${quoted}"`) as string;
  } catch (cause) {
    throw invalid(text, cause);
  }
}

function invalid(text: string, cause?: unknown): LoadError {
  return new LoadError('invalid-path', `'${text}' is not a path into an event`, {
    hint: 'write $.id, $.time, $.data.url or $.data.items[0].sku',
    cause,
  });
}
