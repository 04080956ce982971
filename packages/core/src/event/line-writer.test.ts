import { describe, expect, it } from 'vitest';
import { LineWriter } from './line-writer.ts';
import type { RowValue } from './transform.ts';

function lineOf(...values: RowValue[]): string {
  const writer = new LineWriter();
  writer.writeRow(values);
  return Buffer.concat(writer.pieces()).toString();
}

describe('a line of a chunk', () => {
  it.each<[RowValue, string]>([
    ['plain', 'plain'],
    ['', '""'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    [' edge', '" edge"'],
    ['edge\t', '"edge\t"'],
    ['back\\slash', 'back\\slash'],
    ['ünïcödé 鍵 😀', '"ünïcödé 鍵 😀"'],
    [1.5, '1.5'],
    [-0, '0'],
    [1e21, '1e+21'],
    [true, 'true'],
    [null, '~^N'],
    [undefined, '~^N'],
    ['\\N', '\\N'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [{ a: [1, 'x"y'] }, '"{""a"":[1,""x\\""y""]}"'],
    ['N\\', 'N\\'],
    ['\\N\\N', '\\N\\N'],
  ])('has %j as %j', (value, text) => {
    expect(lineOf(value)).toBe(`${text}\n`);
    expect(lineOf('a', value, 'b')).toBe(`a,${text},b\n`);
  });

  it('has integers of any size', () => {
    expect(lineOf(2n ** 63n)).toBe('9223372036854775808\n');
  });

  it.each<[string, unknown, string]>([
    ['NUL', 'a\0b', 'value-invalid'],
    ['a text that is the mark of NULL', '~^N', 'value-invalid'],
    ['no number', Number.NaN, 'value-invalid'],
    ['no date', new Date(Number.NaN), 'value-invalid'],
    ['a function', () => 1, 'value-invalid'],
    ['more than COPY takes', 'x'.repeat(4_000_001), 'row-too-long'],
  ])('refuses %s', (_, value, code) => {
    expect(() => lineOf(value as RowValue)).toThrow(expect.objectContaining({ code }));
  });

  it('is as it was when what came behind it is taken back', () => {
    const writer = new LineWriter();
    writer.writeRow(['kept']);
    const before = writer.bytes;
    writer.writeRow(['x'.repeat(10_000)]);
    expect(() => writer.writeRow(['half', 'a\0b'])).toThrow();
    writer.takeBack(before);
    writer.close();
    writer.writeRow(['next']);
    expect(Buffer.concat(writer.pieces()).toString()).toBe('kept\nnext\n');
  });

  it('comes whole out of many pieces', () => {
    const writer = new LineWriter();
    const lines = Array.from({ length: 5_000 }, (_, n) => `${n},${'äb'.repeat(n % 50)}`);
    for (const line of lines) {
      writer.writeRow(line.split(','));
      writer.close();
    }
    expect(writer.pieces().length).toBeGreaterThan(3);
    const text = Buffer.concat(writer.pieces()).toString();
    expect(text.replaceAll('"', '')).toBe(`${lines.join('\n')}\n`);
    expect(writer.bytes).toBe(Buffer.byteLength(text));
  });
});
