import { describe, expect, it } from 'vitest';
import { suggestFix } from './suggest-fix.ts';

const at = { column: 'delay   ' };

describe('a suggested fix', () => {
  it.each([
    [1201, /delimiter and the quoting/u],
    [1202, /more fields .* add the missing column by a migration/u],
    [1203, /fewer fields .* FILLRECORD/u],
    [1204, /^widen column delay \(VARCHAR lengths are bytes\).* TRUNCATECOLUMNS/u],
    [1205, /DATEFORMAT$/u],
    [1206, /TIMEFORMAT$/u],
    [1207, /^correct the number, or change the type of column delay$/u],
    [1208, /correct the number/u],
    [1209, /correct the number/u],
    [1210, /correct the boolean/u],
    [1211, /IGNOREBLANKLINES/u],
    [1212, /put the object back and redrive it/u],
    [1213, /^fill column delay, or load into a table in which it may be NULL$/u],
    [1214, /too few fields/u],
    [1215, /make column delay a VARCHAR/u],
    [1216, /quotes and delimiters of the line/u],
    [1217, /EXPLICIT_IDS/u],
    [1218, /NULL AS/u],
    [1219, /UTF-8/u],
    [1220, /UTF-8, or add ACCEPTINVCHARS/u],
    [1221, /ENCODING/u],
    [1222, /correct the number/u],
    [1223, /change the type of column delay/u],
    [1224, /correct the JSON/u],
    [8001, /s3:\/\/bucket\/key/u],
  ])('of error %d says what to change', (code, fix) => {
    expect(suggestFix({ ...at, code })).toMatch(fix);
  });

  it('says nothing where the code says nothing', () => {
    for (const code of [1200, 9005, 4711]) expect(suggestFix({ ...at, code })).toBeUndefined();
  });

  it('tells a file that cannot be inflated from other failures without a code of their own', () => {
    const reason = 'gzip decompression of s3://b/k failed: incorrect header check';
    expect(suggestFix({ ...at, code: 1200, reason })).toMatch(/how the configuration says it is packed/u);
  });

  it('tells a character that no CHAR can hold from bytes that are no UTF-8', () => {
    const reason =
      'Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: c3 a9';
    expect(suggestFix({ ...at, code: 1220, reason })).toBe(
      'make column delay a VARCHAR: a CHAR holds ASCII alone',
    );
  });

  it('knows the words that stand for no value', () => {
    expect(suggestFix({ ...at, code: 1207, rawValue: 'N/A  ' })).toBe(
      "correct the number, or change the type of column delay, or add NULL AS 'N/A' if it stands for no value",
    );
    expect(suggestFix({ ...at, code: 1205, rawValue: 'null' })).toContain("NULL AS 'null'");
    expect(suggestFix({ ...at, code: 1205, rawValue: '31.12.2026' })).not.toContain('NULL AS');
  });

  it('does without the name of a column', () => {
    expect(suggestFix({ code: 1204, column: ' ' })).toMatch(/^widen the column /u);
    expect(suggestFix({ code: 1204, column: null })).toMatch(/^widen the column /u);
  });
});
