import { describe, expect, it } from 'vitest';
import { quoteName, toColumnNames } from './column-names.ts';

describe('column names', () => {
  it('are lower case words with underscores', () => {
    expect(toColumnNames(['Departure Delay (min)', 'Größe', '1st', ' a-b '])).toEqual([
      'departure_delay_min',
      'größe',
      '_1st',
      'a_b',
    ]);
  });

  it('are each there once, and never empty', () => {
    expect(toColumnNames(['a', 'A', 'a_2', '', '%'])).toEqual(['a', 'a_2', 'a_2_2', 'column_4', 'column_5']);
  });

  it('fit into 127 bytes', () => {
    const [first = '', second = ''] = toColumnNames(['ü'.repeat(100), 'ü'.repeat(100)]);
    expect(Buffer.byteLength(first)).toBeLessThanOrEqual(127);
    expect(Buffer.byteLength(second)).toBeLessThanOrEqual(127);
    expect(second).not.toBe(first);
  });

  it('are quoted where SQL would read another word', () => {
    expect(['origin', 'order', 'größe', 'a b', 'x"y'].map(quoteName)).toEqual([
      'origin',
      '"order"',
      '"größe"',
      '"a b"',
      '"x""y"',
    ]);
  });
});
