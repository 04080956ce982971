import { describe, expect, it } from 'vitest';
import { loadFileOf } from '../file/load-file.ts';
import type { CopyError } from '../ports/warehouse.ts';
import { LoadError } from './load-error.ts';
import { judgeDataError } from './verdict.ts';

const [a, b, c] = ['a', 'b', 'c'].map((key) =>
  loadFileOf({ bucket: 'lake', key: `in/${key}.csv`, etag: key, size: 1 }, 0),
) as [ReturnType<typeof loadFileOf>, ReturnType<typeof loadFileOf>, ReturnType<typeof loadFileOf>];
const error = new LoadError('copy-data', 'load failed', { class: 'data' });
const context = { loadUrlOf: ({ url }: { url: string }) => url, jobId: 'job', at: 5 };

function copyError(fileUrl: string, change: Partial<CopyError> = {}): CopyError {
  return {
    fileUrl,
    line: 3,
    column: 'n   ',
    rawValue: 'x ',
    code: 1207,
    reason: 'Invalid digit ',
    ...change,
  };
}

describe('a data error', () => {
  it('puts the named files aside, with line, column, value, reason and a fix', () => {
    const verdict = judgeDataError(error, { ...context, files: [a, b, c], copyErrors: [copyError(b.url)] });
    expect(verdict).toEqual({
      kind: 'named',
      bad: [
        {
          file: b,
          evidence: {
            code: '1207',
            reason: 'Invalid digit',
            line: 3,
            column: 'n',
            rawValue: 'x',
            hint: 'correct the number, or change the type of column n',
            jobId: 'job',
            at: 5,
          },
        },
      ],
    });
  });

  it('knows a file by the first 256 bytes of its name, and no shorter piece', () => {
    const long = loadFileOf({ bucket: 'lake', key: 'k'.repeat(400), etag: 'e', size: 1 }, 0);
    const cut = copyError(long.url.slice(0, 256));
    expect(judgeDataError(error, { ...context, files: [a, long], copyErrors: [cut] })).toMatchObject({
      kind: 'named',
    });
    const piece = copyError(a.url.slice(0, -1));
    expect(judgeDataError(error, { ...context, files: [a, b], copyErrors: [piece] })).toMatchObject({
      kind: 'suspect',
    });
  });

  it('knows a pinned file by its pin', () => {
    const verdict = judgeDataError(error, {
      ...context,
      files: [a, b],
      loadUrlOf: ({ url }) => `s3://millrace/pins/${url.length}-${url.at(-5)}`,
      copyErrors: [copyError(`s3://millrace/pins/${b.url.length}-b`)],
    });
    expect(verdict).toMatchObject({ kind: 'named', bad: [{ file: b }] });
  });

  it('knows a file that only the message names', () => {
    const cutOff = new LoadError('copy-compression', `gzip decompression of ${b.url} failed`, {
      class: 'data',
    });
    expect(judgeDataError(cutOff, { ...context, files: [a, b, c], copyErrors: [] })).toMatchObject({
      kind: 'named',
      bad: [{ file: b, evidence: { code: 'copy-compression' } }],
    });
  });

  it('knows a columnar file by the https address that Redshift gives it', () => {
    const address = b.url.replace('s3://', 'https://s3.eu-west-1.amazonaws.com/');
    const spectrum = new LoadError('copy-parquet', `File '${address}' has an incompatible Parquet schema`, {
      class: 'data',
    });
    expect(judgeDataError(spectrum, { ...context, files: [a, b, c], copyErrors: [] })).toMatchObject({
      kind: 'named',
      bad: [{ file: b }],
    });
  });

  it('suspects all when none is named, and blames a file that failed alone', () => {
    expect(judgeDataError(error, { ...context, files: [a, b, c], copyErrors: [] })).toEqual({
      kind: 'suspect',
      suspects: 3,
    });
    expect(judgeDataError(error, { ...context, files: [a], copyErrors: [] })).toMatchObject({
      kind: 'named',
      bad: [{ file: a, evidence: { code: 'copy-data', reason: 'load failed' } }],
    });
  });
});
