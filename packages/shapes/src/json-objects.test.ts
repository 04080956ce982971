import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonRecord, jsonObjects, textOf } from './json-objects.ts';

async function recordsOf(text: string, pieceBytes = 1_000): Promise<JsonRecord[]> {
  const bytes = Buffer.from(text, 'utf8');
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const records: JsonRecord[] = [];
  for await (const some of jsonObjects(pieces())) records.push(...some);
  return records;
}

describe('JSON is cut into objects', () => {
  it('with their members as they stand there: numbers keep every digit', async () => {
    const text = '{"id": 12345678901234567890, "at": {"x": [1, "}"]}}\n\n{\n"é":"\\u00e9\\n"}{"n":null}';
    const records = await recordsOf(text);
    expect(records).toMatchObject([
      {
        kind: 'object',
        line: 1,
        members: [{ name: 'id', raw: '12345678901234567890' }, { raw: '{"x": [1, "}"]}' }],
      },
      { kind: 'object', line: 3, members: [{ name: 'é' }] },
      { kind: 'object', line: 4, members: [{ name: 'n', raw: 'null' }] },
    ]);
    const [, second] = records;
    const raw = second?.kind === 'object' ? (second.members[0]?.raw ?? '') : '';
    expect(Buffer.from(textOf(raw) ?? '', 'latin1').toString('utf8')).toBe('é\n');
  });

  it('and what is none is told as broken, up to the end of its line', async () => {
    const records = await recordsOf('{"a":1}\n[1]\n{"a":}\n{"b":2}\n{"cut": ');
    expect(records.map(({ kind, line }) => [kind, line])).toEqual([
      ['object', 1],
      ['broken', 2],
      ['broken', 3],
      ['object', 4],
      ['broken', 5],
    ]);
  });

  it('the same in whatever pieces it comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 })), { maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        async (objects, pieceBytes) => {
          const text = objects.map((one) => `${JSON.stringify(one)}\n`).join('');
          const records = await recordsOf(text, pieceBytes);
          const read = records.map((record) =>
            record.kind === 'object'
              ? Object.fromEntries(
                  record.members.map(({ name, raw }) => [
                    name,
                    JSON.parse(Buffer.from(raw, 'latin1').toString('utf8')),
                  ]),
                )
              : record,
          );
          expect(JSON.stringify(read)).toBe(
            JSON.stringify(JSON.parse(`[${objects.map((one) => JSON.stringify(one)).join(',')}]`)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
