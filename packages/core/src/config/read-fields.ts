import type { z } from 'zod';
import { nearestWord } from '../copy/nearest-word.ts';
import { type ConfigProblem, formatValue } from './config-error.ts';
import { readKnownKeys } from './strict-fields.ts';

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;
type Path = ConfigProblem['path'];

/** An object schema's output, without what could not be read. */
export type ReadFields<S extends z.ZodObject> = {
  readonly [K in keyof z.output<S>]?: z.output<S>[K] | undefined;
};

/**
 * Reads an object field by field: what is right comes back, defaults filled in; what is wrong goes to `problems`.
 *
 * zod alone gives all or nothing. Here the rules between keys can still be checked on the keys that are right, so that
 * one run shows every problem.
 */
export function readFields<S extends z.ZodObject>(
  schema: S,
  value: unknown,
  { path, problems }: { path: Path; problems: ConfigProblem[] },
): ReadFields<S> {
  if (!isObject(value)) {
    problems.push({ path, message: `${formatValue(value)} is not an object` });
    return {};
  }
  const shape: Readonly<Record<string, Schema>> = schema.shape;
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(shape, key)) problems.push(unknownKey(key, { path, known: Object.keys(shape) }));
  }
  const fields: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(shape)) {
    const result = (field as z.ZodType).safeParse(value[key]);
    if (result.success) {
      if (result.data !== undefined) fields[key] = result.data;
    } else {
      const at = { value: value[key], path: [...path, key] };
      if (value[key] === undefined) {
        problems.push(missing(field as z.ZodType, at.path));
        continue;
      }
      problems.push(...result.error.issues.flatMap((issue) => problemsOf(issue, at)));
    }
  }
  return fields as ReadFields<S>;
}

/** The description of a field begins with what to write there. */
function missing({ description = 'a value' }: z.ZodType, path: Path): ConfigProblem {
  const [sentence = ''] = description.split(/\.(?: |$)/u);
  return {
    path,
    message: 'is missing',
    hint: `write ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`,
  };
}

/** A key that is not known, with the known key that was probably meant. */
export function unknownKey(
  key: string,
  { path, known }: { path: Path; known: readonly string[] },
): ConfigProblem {
  const nearest = nearestWord(key, known);
  return {
    path: [...path, key],
    message: 'is not a known key',
    hint: nearest === undefined ? `known here: ${known.join(', ')}` : `did you mean '${nearest}'?`,
  };
}

/** A value that is not one of a set, with the one that was probably meant. */
export function unknownWord(
  value: unknown,
  { path, known }: { path: Path; known: readonly string[] },
): ConfigProblem {
  if (value === undefined) return { path, message: 'is missing', hint: `write one of ${known.join(', ')}` };
  const nearest = typeof value === 'string' ? nearestWord(value, known) : undefined;
  return {
    path,
    message: `${formatValue(value)} is not one of ${known.join(', ')}`,
    ...(nearest === undefined ? {} : { hint: `did you mean '${nearest}'?` }),
  };
}

interface Place {
  readonly value: unknown;
  readonly path: Path;
}

function problemsOf(issue: Issue, place: Place): readonly ConfigProblem[] {
  const inner = issue.path.filter((part) => typeof part !== 'symbol');
  const path = [...place.path, ...inner];
  const value = valueAt(place.value, inner);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = readKnownKeys(issue.message);
      return issue.keys.map((key) => unknownKey(key, { path, known }));
    }
    case 'invalid_value':
      return [unknownWord(value, { path, known: issue.values.map(String) })];
    case 'invalid_union': {
      if (issue.discriminator !== undefined) {
        return [
          unknownWord(value, { path, known: 'options' in issue ? (issue.options ?? []).map(String) : [] }),
        ];
      }
      const [branch] = issue.errors.filter((issues) => !isOtherType(issues));
      if (branch) return branch.flatMap((one) => problemsOf(one, { value, path }));
      const expected = issue.errors.flatMap(([first]) =>
        first?.code === 'invalid_type' ? [first.expected] : [],
      );
      return [wrongType(value, { path, expected })];
    }
    case 'invalid_type':
      // Issues without a message of ours say what zod says of every schema.
      if (value !== undefined && !issue.message.startsWith('Invalid input'))
        return [described(value, { path, issue })];
      return [wrongType(value, { path, expected: [issue.expected] })];
    case 'invalid_key':
      return [{ path, message: issue.issues.map(({ message }) => message).join(', ') }];
    default:
      return [described(value, { path, issue })];
  }
}

/** The messages of our schemas follow the value, and have the way out behind a semicolon. */
function described(value: unknown, { path, issue }: { path: Path; issue: Issue }): ConfigProblem {
  const [message = '', ...hint] = issue.message.split('; ');
  return {
    path,
    message: `${formatValue(value)} ${message}`,
    ...(hint.length === 0 ? {} : { hint: hint.join('; ') }),
  };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  boolean: 'true or false',
  string: 'a text',
  number: 'a number',
};

function wrongType(
  value: unknown,
  { path, expected }: { path: Path; expected: readonly string[] },
): ConfigProblem {
  const names = [...new Set(expected.map((type) => TYPE_NAMES[type] ?? type))].join(' or ');
  return value === undefined
    ? { path, message: 'is missing', hint: `write ${names}` }
    : { path, message: `${formatValue(value)} is not ${names}` };
}

/** A branch of a union that fails at its very type is not the one that was meant. */
function isOtherType(issues: readonly Issue[]): boolean {
  return issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
}

function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value;
  for (const part of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined;
  return at;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
