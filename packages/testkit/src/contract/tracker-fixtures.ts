import {
  type EpochMs,
  type Evidence,
  freshLane,
  type JobRecord,
  type Lane,
  type LoadFile,
  loadFileOf,
} from '@millrace/core';

/** A lane's target in the contract's cases; `OTHER` must never be touched by what is done to it. */
export const TARGET = 'public.flights';
export const OTHER = 'public.airports';

/** A load file; the same key and bytes make the same file. */
export function fileAt(
  key: string,
  arrivedAt: EpochMs,
  options: { bytes?: string; writtenAt?: EpochMs } = {},
): LoadFile {
  const { bytes = 'v1', writtenAt } = options;
  const object = { bucket: 'lake', key, etag: `etag-${bytes}`, size: 100 + bytes.length };
  return loadFileOf(writtenAt === undefined ? object : { ...object, writtenAt }, arrivedAt);
}

/** Evidence with every field, so that an adapter that forgets one is found out. */
export function evidenceAt(at: EpochMs, code = '1207'): Evidence {
  return {
    code,
    reason: `Invalid digit, Value 'é', Pos 0`,
    line: 17,
    column: 'delay',
    rawValue: 'é\t"quoted"',
    hint: 'correct the line, then redrive the file',
    jobId: '01JABCDEF',
    at,
  };
}

/** A lane with every field set to something, in a state that has fields of its own. */
export function busyLane(target: string): Lane {
  return {
    ...freshLane(target),
    fence: 7,
    pauseAsked: { by: 'ops', why: 'migration', since: 8 },
    state: {
      kind: 'running',
      job: {
        id: '01JABCDEF',
        attempt: 2,
        fence: 7,
        files: 3,
        bytes: 12_345_678_901,
        documentUrl: 's3://millrace/jobs/01JABCDEF',
        documentHash: 'ab'.repeat(32),
        submittedAt: 1_795_264_439_123,
      },
      statement: { name: `dev/${target}/01JABCDEF/2`, id: 'd9b6c0c9' },
      leaseUntil: 1_795_264_499_123,
    },
    failures: 2,
    notBeforeAt: 1_795_264_440_000,
    suspects: 4,
    streak: {
      since: 1_795_264_430_000,
      failures: 3,
      found: 2,
      bad: 1,
      samples: 1,
      alike: { code: '1207', column: 'é "delay"' },
      first: {
        url: 's3://lake/é/1.csv',
        evidence: {
          code: '1207',
          reason: 'Invalid digit',
          line: 2,
          column: 'é "delay"',
          rawValue: 'é"',
          at: 1,
        },
      },
      doubted: 99,
      searched: 100,
      alone: 2,
      isProven: false,
      sampleAt: 17,
      heldSince: 1_795_264_431_000,
    },
    loadMs: 812.5,
    loadedFiles: 1_234_567,
    loadedRows: 9_876_543_210,
    lastLoadedAt: 1_795_264_400_000,
    countedJob: '01M802XB1EMRE8TH6R1JKA7CJY',
  };
}

export function jobAt(id: string, submittedAt: EpochMs, change: Partial<JobRecord> = {}): JobRecord {
  return {
    id,
    target: TARGET,
    attempt: 1,
    state: 'submitted',
    files: 3,
    bytes: 300,
    rows: null,
    submittedAt,
    settledAt: null,
    error: null,
    ...change,
  };
}
