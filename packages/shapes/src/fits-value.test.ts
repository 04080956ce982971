import { mayMisfit, parseCopyOptions } from '@millrace/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ColumnSurvey, momentFormsOf } from './column-survey.ts';
import { judgeOf } from './fits-value.ts';

const TYPES = [
  'character varying(6)',
  'character(4)',
  'smallint',
  'integer',
  'bigint',
  'numeric(6,2)',
  'real',
  'double precision',
  'boolean',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
  'super',
] as const;

const value = fc.oneof(
  fc.constantFrom(
    'true',
    'f',
    'maybe',
    '2026-02-28',
    '2026-02-30',
    '2026-01-02 03:04:05',
    '2026-01-02T03:04:05Z',
  ),
  fc.constantFrom('{"a":1}', '[1', '007', '+5', '.5', '5.', '1e3', '1e300', 'NaN', 'é', 'longer than six'),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
  fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map(String),
);

describe('a look that says that a column fits', () => {
  it('is right for each of its values', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...TYPES),
        fc.constantFrom('CSV', "CSV TIMEFORMAT 'auto' DATEFORMAT 'auto'"),
        (values, type, text) => {
          const options = parseCopyOptions(text);
          const survey = new ColumnSurvey('c', momentFormsOf(options));
          const texts = values.map((one) => Buffer.from(one, 'utf8').toString('latin1'));
          for (const one of texts) survey.seeText(one);
          const judge = judgeOf({ type }, options);
          if (!mayMisfit(survey.shape({ mixesJson: false }), { type })) {
            expect(texts.map((one) => [one, judge(one)])).toEqual(texts.map((one) => [one, true]));
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

it.each([
  ['numeric(6,2)', ['9999.999', '-0001234.5', '1e3'], ['10000', '1e4', 'x', '']],
  ['smallint', ['32767', '-32768', ' +7 '], ['32768', '1.0', '7x']],
  ['date', ['2024-02-29'], ['2023-02-29', '2024-2-9', 'today']],
  [
    'timestamp without time zone',
    ['2026-01-02 03:04:05.123456', '2026-01-02'],
    ['2026-01-02T03:04:05', '2026-01-02 24:00:00'],
  ],
  ['boolean', ['t', 'FALSE', '1', 'no'], ['2', 'maybe']],
  ['character(4)', ['abcd', 'ab   '], ['abcde', '\u00c3\u00a9']],
  ['super', ['1', '"x"', '{"a":[]}'], ['x', '{']],
])('%s takes what COPY takes for it, and nothing else that is known', (type, right, wrong) => {
  const judge = judgeOf({ type }, parseCopyOptions('CSV'));
  expect(right.filter((one) => !judge(one))).toEqual([]);
  expect(wrong.filter((one) => judge(one))).toEqual([]);
});
