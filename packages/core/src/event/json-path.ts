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
  // The one property of a prototype that is no function.
  if (path.includes('__proto__')) throw invalid(text);
  return path;
}

/** Takes what is at a path out of a value; undefined when any step leads nowhere. */
export type JsonGetter = (value: unknown) => unknown;

/** For every event of every column: paths of the usual lengths have no loop. */
export function getterOf(path: JsonPath): JsonGetter {
  const [first, second, third] = path;
  if (first === undefined) return (value) => value;
  if (second === undefined) return (value) => step(value, first);
  if (third === undefined) return (value) => step(step(value, first), second);
  return (value) => path.reduce(step, value);
}

/** JSON has no functions: what is one comes from a prototype and not from the event. */
function step(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = (value as Readonly<Record<string | number, unknown>>)[key];
  return typeof found === 'function' ? undefined : found;
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
