import { describe, expect, it } from 'vitest';
import { loadFileOf } from '../file/load-file.ts';
import {
  clientTokenOf,
  placesOf,
  readStatementName,
  renderFileList,
  renderManifest,
  statementNameOf,
} from './job-document.ts';
import { ulid } from './ulid.ts';

const attempt = { jobId: ulid(1_795_264_439_123, new Uint8Array(16).fill(7)), attempt: 2, fence: 3 };

describe('a job', () => {
  it('is found by its statement name', () => {
    const name = statementNameOf('dev', 'public.flights', attempt);
    expect(readStatementName(name)).toEqual({ target: 'public.flights', jobId: attempt.jobId, attempt: 2 });
    for (const foreign of ['dev/public.flights', 'sfn/abc/1', 'dev/flights/x/1', `${name}/1`]) {
      expect(readStatementName(foreign)).toBeUndefined();
    }
  });

  it('has one token per attempt, of at most 64 characters', () => {
    expect(clientTokenOf(attempt)).toHaveLength(64);
    expect(clientTokenOf(attempt)).toBe(clientTokenOf({ ...attempt }));
    expect(clientTokenOf(attempt)).not.toBe(clientTokenOf({ ...attempt, attempt: 3 }));
  });

  it('has its objects beside those of other jobs of the target, no name twice', () => {
    const places = (of: typeof attempt) =>
      Object.values(placesOf({ bucket: 'b', key: 'own/' }, 'public.flights', of));
    const all = [...places(attempt), ...places({ ...attempt, attempt: 22 })].map(({ key }) => key);
    expect(new Set(all).size).toBe(8);
    for (const key of all) expect(key).toMatch(/^own\/jobs\/public\.flights\/[^/]+\.(?:json|csv)$/u);
  });

  it('lists every file as mandatory, with its length', () => {
    const manifest = JSON.parse(renderManifest([{ url: 's3://b/a "x"', size: 12 }]));
    expect(manifest).toEqual({
      entries: [{ url: 's3://b/a "x"', mandatory: true, meta: { content_length: 12 } }],
    });
  });

  it('quotes the list of its files as CSV', () => {
    const file = loadFileOf({ bucket: 'b', key: 'a,"x"', etag: 'e', size: 1 }, 0);
    expect(renderFileList([file])).toBe(`"${file.id}","${file.keyId}","s3://b/a,""x""","e",1\n`);
  });
});

describe('a ULID', () => {
  it('sorts by time', () => {
    const chance = new Uint8Array(16).fill(255);
    expect(ulid(1, chance) < ulid(2, new Uint8Array(16))).toBe(true);
    expect(ulid(1_795_264_439_123, chance)).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/u);
  });
});
