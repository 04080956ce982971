import { type Json, type JsonObject, StateError } from './definition.ts';

/** What paths can refer to: `$` is the input of the state, `$$` its context. */
export interface Scope {
  readonly input: Json;
  readonly context: Json;
}

/** Fills in a payload template: the value of `name.$` is a path or an intrinsic function. */
export function fillIn(template: Json, scope: Scope): Json {
  if (Array.isArray(template)) return template.map((one: Json) => fillIn(one, scope));
  if (!isObject(template)) return template;
  const entries = Object.entries(template).map(([name, value]): [string, Json] =>
    name.endsWith('.$') ? [name.slice(0, -2), evaluate(String(value), scope)] : [name, fillIn(value, scope)],
  );
  return Object.fromEntries(entries);
}

/** @throws StateError `States.ParameterPathFailure` for a path that leads nowhere. */
export function evaluate(text: string, scope: Scope): Json {
  if (text.startsWith('States.')) return callIntrinsic(text, scope);
  const found = follow(text, scope);
  if (found !== undefined) return found;
  throw new StateError(
    'States.ParameterPathFailure',
    `the path '${text}' leads nowhere in ${JSON.stringify(scope.input)}`,
  );
}

/** The value at a reference path; undefined where it leads nowhere. */
export function follow(path: string, { input, context }: Scope): Json | undefined {
  const isContext = path.startsWith('$$');
  let at: Json | undefined = isContext ? context : input;
  for (const step of stepsOf(isContext ? path.slice(1) : path)) {
    if (Array.isArray(at) && typeof step === 'number') at = (at as readonly Json[])[step];
    else if (isObject(at) && typeof step === 'string') at = at[step];
    else return undefined;
  }
  return at;
}

/** The input with a value put at a reference path. */
export function place(input: Json, path: string | null | undefined, value: Json): Json {
  if (path === null) return input;
  const steps = stepsOf(path ?? '$');
  const put = (at: Json | undefined, left: readonly (string | number)[]): Json => {
    const [step, ...rest] = left;
    if (step === undefined) return value;
    const before = isObject(at) ? at : {};
    return { ...before, [step]: put(before[step], rest) };
  };
  return put(input, steps);
}

function stepsOf(path: string): (string | number)[] {
  if (!/^\$(?:\.[\w-]+|\[\d+\]|\['[^']+'\])*$/u.test(path)) {
    throw new StateError('States.Runtime', `the path '${path}' is not interpreted here`);
  }
  return [...path.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]/gu)].map(([, name, at, quoted]) =>
    at === undefined ? (name ?? quoted ?? '') : Number(at),
  );
}

function callIntrinsic(text: string, scope: Scope): Json {
  const [, name = '', inside = ''] = /^States\.(\w+)\((.*)\)$/su.exec(text) ?? [];
  const given = argumentsOf(inside).map((one) => argumentOf(one, scope));
  const [first, second] = given;
  switch (name) {
    case 'Format': {
      const values = given.slice(1);
      return String(first).replaceAll('{}', () => asText(values.shift() ?? null));
    }
    case 'Array':
      return given;
    case 'ArrayLength':
      return Array.isArray(first) ? first.length : 0;
    case 'ArrayGetItem':
      return (Array.isArray(first) ? (first as readonly Json[])[Number(second)] : undefined) ?? null;
    case 'JsonToString':
      return JSON.stringify(first);
    case 'StringToJson':
      return JSON.parse(String(first)) as Json;
    case 'MathAdd':
      return Number(first) + Number(second);
    default:
      throw new StateError('States.IntrinsicFailure', `the intrinsic '${text}' is not interpreted here`);
  }
}

function argumentOf(text: string, scope: Scope): Json {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("\\'", "'");
  if (text.startsWith('$') || text.startsWith('States.')) return evaluate(text, scope);
  return JSON.parse(text) as Json;
}

/** Splits at the commas that are in no quotes and no parentheses. */
function argumentsOf(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at];
    if (character === "'" && text[at - 1] !== '\\') isQuoted = !isQuoted;
    else if (!isQuoted && character === '(') depth += 1;
    else if (!isQuoted && character === ')') depth -= 1;
    else if (at === text.length || (!isQuoted && depth === 0 && character === ',')) {
      found.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  return found.filter((one) => one !== '');
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
