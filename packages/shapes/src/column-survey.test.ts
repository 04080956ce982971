import { type ColumnType, typeFor } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { ColumnSurvey, type MomentForms } from './column-survey.ts';

const OWN: MomentForms = { dates: 'own', timestamps: 'own' };
const ANY: MomentForms = { dates: 'own', timestamps: 'any' };

function typeOf(values: readonly string[], forms: MomentForms = OWN): ColumnType {
  const survey = new ColumnSurvey('c', forms);
  for (const value of values) survey.seeText(Buffer.from(value, 'utf8').toString('latin1'));
  return typeFor(survey.shape({ mixesJson: false }), { headroom: 2 });
}

describe('the type of a new column', () => {
  it.each<[string, readonly string[], ColumnType]>([
    ['whole numbers', ['1', '-20', '0'], { kind: 'bigint' }],
    ['numbers too long for BIGINT', ['12345678901234567890'], { kind: 'decimal', precision: 38, scale: 0 }],
    ['numbers', ['1', '2.5', '-0.25'], { kind: 'double' }],
    ['an exponent', ['1e3'], { kind: 'double' }],
    ['more digits than a double keeps', ['1234567890.1234567'], { kind: 'decimal', precision: 38, scale: 7 }],
    ['codes that begin with a zero', ['007', '1'], { kind: 'text', bytes: 16 }],
    ['booleans', ['true', 'false'], { kind: 'boolean' }],
    ['days', ['2026-02-28', '2024-02-29'], { kind: 'date' }],
    ['a day that there is not', ['2026-02-30'], { kind: 'text', bytes: 20 }],
    ['times', ['2026-01-02 03:04:05', '2026-01-02 03:04:05.123456'], { kind: 'timestamp' }],
    ['days and times', ['2026-01-02', '2026-01-02 03:04:05'], { kind: 'text', bytes: 38 }],
    ['objects and lists', ['{"a":1}', '[]'], { kind: 'json' }],
    ['objects and texts', ['{"a":1}', 'x'], { kind: 'text', bytes: 16 }],
    ['a text, in bytes', ['12345678', 'Größe Größe'], { kind: 'text', bytes: 30 }],
    ['numbers and texts', ['1', 'two'], { kind: 'text', bytes: 16 }],
    ['nothing', [], { kind: 'text', bytes: 16 }],
    ['what no column takes', ['x'.repeat(70_000)], { kind: 'text', bytes: 65_535 }],
  ])('by %s', (_, values, type) => {
    expect(typeOf(values)).toEqual(type);
  });

  it('by times in the forms that COPY takes with the options of the file, and no others', () => {
    const iso = ['2026-01-02T03:04:05Z', '2026-01-02 03:04:05+02'];
    expect(typeOf(iso)).toMatchObject({ kind: 'text' });
    expect(typeOf(iso, ANY)).toEqual({ kind: 'timestamptz' });
    expect(typeOf(['2026-01-02T03:04:05'], ANY)).toEqual({ kind: 'timestamp' });
  });
});
