import { type JobRef, type LoaderEvent, loadFileOf } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { metricsToStdout, toMetricLine } from './loader-metrics.ts';

const JOB: JobRef = {
  id: '01JD0000000000000000000000',
  attempt: 1,
  fence: 7,
  files: 3,
  bytes: 4_711,
  documentUrl: 's3://millrace/jobs/x/job.json',
  documentHash: '',
  submittedAt: 10_000,
};
const AT = 12_500;

function loaded(arrivals: readonly number[], rows: number | null = 42): LoaderEvent {
  return {
    kind: 'table-loaded',
    target: 'public.flights',
    job: JOB,
    rows,
    oldestArrivalAt: Math.min(...arrivals),
    newestArrivalAt: Math.max(...arrivals),
    arrivals,
    at: AT,
  };
}

function read(event: LoaderEvent, options = {}): Record<string, unknown> {
  return JSON.parse(toMetricLine(event, options));
}

describe('the metrics of a load', () => {
  it('tell rows, files, bytes, duration and the freshness of each file, by target', () => {
    expect(read(loaded([9_000, 9_500, 12_600]))).toEqual({
      event: 'table-loaded',
      job: JOB.id,
      target: 'public.flights',
      FilesLoaded: 3,
      RowsLoaded: 42,
      BytesLoaded: 4_711,
      LoadDuration: 2_500,
      Freshness: [3_500, 3_000, 0],
      _aws: {
        Timestamp: AT,
        CloudWatchMetrics: [
          {
            Namespace: 'millrace',
            Dimensions: [['target']],
            Metrics: [
              { Name: 'FilesLoaded', Unit: 'Count' },
              { Name: 'RowsLoaded', Unit: 'Count' },
              { Name: 'BytesLoaded', Unit: 'Bytes' },
              { Name: 'LoadDuration', Unit: 'Milliseconds' },
              { Name: 'Freshness', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
    });
  });

  it('tell no rows where the warehouse tells none, instead of none at all', () => {
    expect(read(loaded([9_000], null))).not.toHaveProperty('RowsLoaded');
  });

  it('are at most 100 values a line, the oldest and the newest file among them', () => {
    const { Freshness } = read(loaded(Array.from({ length: 5_000 }, (_, n) => n)));
    expect(Freshness).toHaveLength(100);
    expect((Freshness as number[]).at(0)).toBe(AT - 4_999);
    expect((Freshness as number[]).at(-1)).toBe(AT);
  });

  it('have the namespace and the dimensions that were asked for', () => {
    const options = { namespace: 'acme/loads', dimensions: { environment: 'production' } };
    const line = read(loaded([9_000]), options);
    expect(line).toMatchObject({ environment: 'production', target: 'public.flights' });
    expect(line).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: 'acme/loads', Dimensions: [['environment', 'target']] }] },
    });
  });
});

describe('the metrics of trouble', () => {
  const target = 'public.flights';
  const file = loadFileOf({ bucket: 'lake', key: 'flights/a.csv', etag: 'e', size: 1 }, 0);
  const reason = 'r'.repeat(100_000);
  const evidence = { code: '1207', reason, at: AT };
  const CASES: readonly [name: string, event: LoaderEvent, said: Record<string, unknown>][] = [
    ['FilesArrived', { kind: 'files-waiting', target, files: 9, at: AT }, { FilesArrived: 9 }],
    ['JobsSubmitted', { kind: 'job-submitted', target, job: JOB, at: AT }, { JobsSubmitted: 1, job: JOB.id }],
    [
      'JobsFailed',
      { kind: 'job-failed', target, job: JOB, code: 'copy-data', reason, at: AT },
      { JobsFailed: 1, code: 'copy-data' },
    ],
    [
      'FilesQuarantined',
      { kind: 'file-aside', target, status: 'quarantined', file, evidence, at: AT },
      { FilesQuarantined: 1, url: file.url, code: '1207' },
    ],
    [
      'FilesSuperseded',
      { kind: 'file-aside', target, status: 'superseded', file, evidence, at: AT },
      { FilesSuperseded: 1 },
    ],
    [
      'LanesHeld',
      { kind: 'lane-held', target, code: 'table-missing', reason, until: 99, at: AT },
      { LanesHeld: 1, code: 'table-missing', until: 99 },
    ],
    [
      'Outages',
      { kind: 'warehouse-held', target, reason, since: 7, isOverdue: false, at: AT },
      { Outages: 1, since: 7 },
    ],
    [
      'OutagesOverdue',
      { kind: 'warehouse-held', target, reason, since: 7, isOverdue: true, at: AT },
      { OutagesOverdue: 1, since: 7 },
    ],
  ];

  it.each(CASES)('%s', (name, event, said) => {
    const line = read(event);
    expect(line).toMatchObject({ ...said, target });
    expect(line).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Metrics: [{ Name: name, Unit: 'Count' }] }] },
    });
    expect(JSON.stringify(line).length).toBeLessThan(3_000);
  });

  it('go out a line per event', () => {
    const lines: string[] = [];
    const onEvent = metricsToStdout({}, (line) => lines.push(line));
    for (const [, event] of CASES) onEvent(event);
    expect(lines).toEqual(CASES.map(([, event]) => toMetricLine(event)));
    expect(lines.join('')).not.toContain('\n');
  });
});
