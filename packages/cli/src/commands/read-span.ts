import { LoadError } from '@millrace/core';

/**
 * What `--since` and `--until` say, as epoch ms; what was not given is not there.
 *
 * @throws LoadError `wrong-usage`
 */
export function readSpan({ since, until }: { since?: string; until?: string }): {
  since?: number;
  until?: number;
} {
  const from = since === undefined ? undefined : readInstant('--since', since);
  const to = until === undefined ? undefined : readInstant('--until', until);
  if (from !== undefined && to !== undefined && from >= to) {
    const hint =
      from === to
        ? 'they are one instant, and nothing is in it: --until itself is left out, write a later one'
        : 'nothing is between them: exchange them';
    throw new LoadError('wrong-usage', `--since ${since} is not before --until ${until}`, { hint });
  }
  return { ...(from === undefined ? {} : { since: from }), ...(to === undefined ? {} : { until: to }) };
}

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/u;

/** ISO 8601; without a zone: UTC, wherever the command runs. */
function readInstant(option: string, text: string): number {
  const [, time, , , zone] = INSTANT.exec(text) ?? [];
  const at = Date.parse(time !== undefined && zone === undefined ? `${text}Z` : text);
  if (INSTANT.test(text) && !Number.isNaN(at)) return at;
  throw new LoadError('wrong-usage', `${option} is '${text}'`, {
    hint: 'write a day or an instant: 2026-11-01, 2026-11-01T06:00Z',
  });
}
