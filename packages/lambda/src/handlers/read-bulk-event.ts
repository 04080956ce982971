import { ConfigError, type ConfigProblem, parseTolerantJson } from '@millrace/core';
import { fillDate, hasPlaceholder, yesterdayOf } from './fill-date.ts';

export type Json = Readonly<Record<string, unknown>>;

const SOURCE = 'the bulk input';

/**
 * The bulk document of an invocation: the input itself, or its text, in which commas may stand behind the last entry. With
 * `"schedule": "yesterday"` beside it, `{yyyy}`, `{MM}` and `{dd}` in its paths become yesterday, in UTC or in `timezone`.
 *
 * @throws ConfigError when it is not a document; LoadError `bulk-placeholder`, `bulk-timezone`.
 */
export function readBulkEvent(event: unknown, now: number): Json {
  const value = typeof event === 'string' ? parseText(event) : event;
  if (!isJson(value)) {
    throw new ConfigError(SOURCE, [
      { path: [], message: 'is not an object', hint: 'write {"paths": […], "copy": {…}, "cluster": {…}}' },
    ]);
  }
  const { schedule, timezone = 'UTC', ...document } = value;
  const problems: ConfigProblem[] = [];
  if (schedule !== undefined && schedule !== 'yesterday') {
    problems.push({
      path: ['schedule'],
      message: `is ${JSON.stringify(schedule)}`,
      hint: "write 'yesterday', or leave it out",
    });
  }
  if (typeof timezone !== 'string') {
    problems.push({ path: ['timezone'], message: 'is not a text', hint: "write 'UTC' or 'Europe/Skopje'" });
  }
  if (problems.length > 0 || typeof timezone !== 'string') throw new ConfigError(SOURCE, problems);
  const { paths } = document;
  if (!Array.isArray(paths)) return document;
  const day = schedule === undefined ? null : yesterdayOf(now, timezone);
  return { ...document, paths: paths.map((path, at) => fill(path, { at, day })) };
}

function fill(path: unknown, { at, day }: { at: number; day: string | null }): unknown {
  if (!isJson(path) || typeof path.s3_path !== 'string') return path;
  if (day !== null) return { ...path, s3_path: fillDate(path.s3_path, day) };
  if (!hasPlaceholder(path.s3_path)) return path;
  throw new ConfigError(SOURCE, [
    {
      path: ['paths', at, 's3_path'],
      message: `'${path.s3_path}' has a placeholder, and no day is meant`,
      hint: 'write "schedule": "yesterday" beside \'paths\'',
    },
  ]);
}

function parseText(text: string): unknown {
  try {
    return parseTolerantJson(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const problem = { path: [], message: `is not JSON: ${cause.message}`, hint: 'mend it' };
    throw new ConfigError(SOURCE, [problem], { cause });
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
