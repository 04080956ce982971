import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CsvRecord, csvRecords } from './csv-records.ts';

const RULES = { delimiter: ',', quote: '"' };

async function recordsOf(text: string, pieceBytes = 1_000): Promise<CsvRecord[]> {
  const bytes = Buffer.from(text, 'utf8');
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const records: CsvRecord[] = [];
  for await (const some of csvRecords(pieces(), RULES)) records.push(...some);
  return records;
}

const valuesOf = async (text: string, pieceBytes?: number): Promise<readonly (readonly string[])[]> =>
  (await recordsOf(text, pieceBytes)).map(({ values }) => values);

describe('CSV is cut into records', () => {
  it('by lines, of either end, the last one with an end or without', async () => {
    expect(await valuesOf('a,b\r\nc,\n,d')).toEqual([
      ['a', 'b'],
      ['c', ''],
      ['', 'd'],
    ]);
  });

  it('with what quotes enclose: delimiters, line ends, doubled quotes', async () => {
    const [first, second] = await recordsOf('"a,1","b\n""x"""\n c ,"d"  \n');
    expect(first).toMatchObject({ line: 1, values: ['a,1', 'b\n"x"'], raw: ['"a,1"', '"b\n""x"""'] });
    expect(second).toMatchObject({ line: 3, values: [' c ', 'd'], isBroken: false });
  });

  it('and told as broken where COPY would refuse them, up to the end of their line', async () => {
    const records = await recordsOf('1,"open\n2,b\n3,"x"y\n4,z');
    expect(records.filter(({ isBroken }) => isBroken).map(({ line }) => line)).toEqual([1, 3]);
    expect(records.at(-1)?.values).toEqual(['4', 'z']);
  });

  it('without the mark that says UTF-8', async () => {
    expect(await valuesOf('\ufeffid,city\n', 1)).toEqual([['id', 'city']]);
  });

  it('the same in whatever pieces it comes, and none of its bytes changed', async () => {
    const field = fc.oneof(
      fc.constantFrom('', 'é', '"q,""x"""', '"two\nlines"', '7'),
      fc.string({ maxLength: 5 }).map((text) => text.replaceAll(/["\n\r,]/gu, '_')),
    );
    const file = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 9 }), async (rows, pieceBytes) => {
        const text = rows.map((row) => `${row.join(',')}\n`).join('');
        const records = await recordsOf(text, pieceBytes);
        expect(records).toEqual(await recordsOf(text));
        const again = records.map(({ raw }) => `${raw.join(',')}\n`).join('');
        expect(Buffer.from(again, 'latin1').toString('utf8')).toBe(text);
      }),
      { numRuns: 60 },
    );
  });
});
