import { loadFileOf } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { eventLine, evidenceText } from './event-line.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal({ stdout: process.stdout, stderr: process.stderr, env: { NO_COLOR: '1' } });
const at = Date.UTC(2026, 10, 21, 12, 51, 7);
const job = {
  id: 'J',
  attempt: 1,
  fence: 1,
  files: 1,
  bytes: 1_500,
  documentUrl: 's3://millrace/J',
  documentHash: '',
  submittedAt: at - 400,
};

/** Without the stamp, which depends on whether a terminal is there. */
function lineOf(event: Parameters<typeof eventLine>[0]): string | undefined {
  return eventLine(event, terminal)?.replace(/^\S+\s+/u, '');
}

describe('lines of the log', () => {
  it('tell of a load', () => {
    const times = { oldestArrivalAt: at, newestArrivalAt: at, arrivals: [at] };
    expect(lineOf({ kind: 'table-loaded', target: 'public.t', job, rows: 1_200, ...times, at })).toBe(
      'public.t  loaded 1 file, 1,200 rows, 1.5 kB in 400 ms',
    );
  });

  it('tell of a file that was put aside, with all that is known', () => {
    const file = loadFileOf({ bucket: 'lake', key: 't/bad\n.csv', etag: 'e', size: 1 }, at);
    const evidence = {
      code: '1207',
      reason: 'Invalid digit',
      line: 3,
      column: 'n',
      rawValue: 'a\tb',
      hint: 'correct it',
      at,
    };
    expect(
      lineOf({ kind: 'file-aside', target: 'public.t', status: 'quarantined', file, evidence, at }),
    ).toBe(
      "public.t  quarantined s3://lake/t/bad\\n.csv: line 3, column n: Invalid digit (value 'a\\tb') [1207]; correct it",
    );
  });

  it('tell of a hold', () => {
    expect(
      lineOf({
        kind: 'lane-held',
        target: 'public.t',
        code: 'table-missing',
        reason: 'gone',
        until: at + 60_000,
        at,
      }),
    ).toBe('public.t  held gone [table-missing]; looks again in 1 m 00 s');
  });

  it('tell of an outage, of one that lasts too long, and of its end', () => {
    const outage = { target: 'public.t', since: at - 61_000, at };
    const held = { ...outage, kind: 'warehouse-held', reason: 'cluster a is paused' } as const;
    expect(lineOf({ ...held, isOverdue: false })).toBe(
      'public.t  held the warehouse is away, all targets wait: cluster a is paused',
    );
    expect(lineOf({ ...held, isOverdue: true })).toBe(
      'public.t  held the warehouse is still away, all targets wait: cluster a is paused; for 1 m 01 s',
    );
    expect(lineOf({ ...outage, kind: 'warehouse-back' })).toBe(
      'public.t  back the warehouse was away for 1 m 01 s',
    );
  });

  it('tell in words what a guard found, not how it stops a transaction', () => {
    const reason = 'invalid input syntax for integer: "millrace:rewritten"';
    expect(lineOf({ kind: 'job-failed', target: 'public.t', job, code: 'guard-rewritten', reason, at })).toBe(
      'public.t  failed load of 1 file: the receipts refused it: another version of one of its files is loaded already [guard-rewritten]',
    );
  });

  it('do not repeat what a load or a failure says anyway', () => {
    expect(eventLine({ kind: 'files-waiting', target: 'public.t', files: 1, at }, terminal)).toBeNull();
    expect(eventLine({ kind: 'job-submitted', target: 'public.t', job, at }, terminal)).toBeNull();
  });

  it('leave out what is not known', () => {
    expect(
      evidenceText({ code: 'object-gone', reason: 'it is gone', line: null, column: null, rawValue: '' }),
    ).toBe('it is gone [object-gone]');
  });
});
