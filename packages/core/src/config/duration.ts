import { LoadError } from '../recover/load-error.ts';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const MS_OF: Readonly<Record<string, number>> = Object.fromEntries(UNITS);

/** How a duration is written: numbers with units, the larger unit first. Also the `pattern` of the JSON Schema. */
export const DURATION_PATTERN =
  /^(?=\d)(?:\d+(?:\.\d+)?d)?(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m(?!s))?(?:\d+(?:\.\d+)?s)?(?:\d+ms)?$/u;

export const DURATION_HINT = "write a number with ms, s, m, h or d, such as '500ms', '5s' or '1m30s'";

/**
 * Reads `500ms`, `5s`, `1.5h`, `1m30s` as milliseconds.
 *
 * @throws LoadError `invalid-duration` for anything else: also for a bare number, whose unit would be a guess.
 */
export function parseDuration(text: string): number {
  if (!DURATION_PATTERN.test(text)) throw invalid(text);
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|[smhd])/gu)) {
    ms += Number(amount) * (MS_OF[unit as string] ?? 0);
  }
  const whole = Math.round(ms);
  if (!Number.isSafeInteger(whole)) throw invalid(text);
  return whole;
}

/** The shortest text that `parseDuration` reads as these milliseconds, in whole units: `90000` is `1m30s`. */
export function formatDuration(ms: number): string {
  let text = '';
  let rest = Math.round(ms);
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text === '' ? '0s' : text;
}

function invalid(text: string): LoadError {
  return new LoadError('invalid-duration', `'${text}' is not a duration`, { hint: DURATION_HINT });
}
