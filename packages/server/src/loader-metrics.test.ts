import { type JobRef, LOADER_METRICS, type LoaderEvent, loadFileOf, prometheusNameOf } from '@millrace/core';
import { expect, it } from 'vitest';
import { LoaderMetrics } from './loader-metrics.ts';
import { ProducerMetrics } from './producer-metrics.ts';

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
const target = 'public.flights';
const EVENTS: readonly LoaderEvent[] = [
  { kind: 'files-waiting', target, files: 3, at: 1 },
  { kind: 'job-submitted', target, job: JOB, at: 10_000 },
  {
    kind: 'table-loaded',
    target,
    job: JOB,
    rows: 42,
    oldestArrivalAt: 9_000,
    newestArrivalAt: 12_000,
    arrivals: [9_000, 12_000],
    at: 12_500,
  },
  { kind: 'job-failed', target, job: JOB, code: 'copy-data', reason: 'bad', at: 1 },
  {
    kind: 'file-aside',
    target,
    status: 'quarantined',
    file: loadFileOf({ bucket: 'lake', key: 'x', etag: 'e', size: 1 }, 0),
    evidence: { code: '1207', reason: 'bad', at: 0 },
    at: 1,
  },
  { kind: 'lane-held', target, code: 'drift', reason: 'x', until: 2, at: 1 },
  { kind: 'warehouse-held', target, reason: 'x', since: 0, isOverdue: false, at: 1 },
  { kind: 'warehouse-back', target, since: 0, at: 90_000 },
];

it('tells what happened, by target, in the units of Prometheus', async () => {
  const metrics = new LoaderMetrics();
  for (const event of EVENTS) metrics.hear(event);
  const lines = (await metrics.text()).split('\n');
  for (const line of [
    'millrace_files_arrived_total{target="public.flights"} 3',
    'millrace_files_loaded_total{target="public.flights"} 3',
    'millrace_rows_loaded_total{target="public.flights"} 42',
    'millrace_bytes_loaded_total{target="public.flights"} 4711',
    'millrace_load_duration_seconds_sum{target="public.flights"} 2.5',
    'millrace_freshness_seconds_count{target="public.flights"} 2',
    'millrace_jobs_failed_total{target="public.flights"} 1',
    'millrace_files_quarantined_total{target="public.flights"} 1',
    'millrace_lanes_held_total{target="public.flights"} 1',
    'millrace_outage_duration_seconds_sum{target="public.flights"} 90',
  ]) {
    expect(lines).toContain(line);
  }
});

it('tells how targets stand when it is asked, and leaves it out when nobody can say', async () => {
  const metrics = new LoaderMetrics();
  let fails = false;
  metrics.followStatus(async () => {
    if (fails) throw new Error('closed');
    const status = {
      state: 'held',
      waiting: 5,
      loading: 2,
      loaded: 0,
      quarantined: 4,
      superseded: 0,
      oldestWaitingAgeMs: 61_000,
      lastLoadedAt: null,
      rows: 0,
      note: null,
    } as const;
    const warehouse = { state: 'open', note: null, since: null, nextWindow: null } as const;
    return { targets: { [target]: status }, warehouse };
  });
  const told = await metrics.text();
  expect(told).toContain('millrace_files_waiting{target="public.flights"} 7');
  expect(told).toContain('millrace_oldest_waiting_seconds{target="public.flights"} 61');
  expect(told).toContain('millrace_files_in_quarantine{target="public.flights"} 4');
  expect(told).toContain('millrace_lane_held{target="public.flights"} 1');
  fails = true;
  expect(await metrics.text()).not.toContain('{target="public.flights"}');
});

it('has every metric of the list, beside those of the producer', async () => {
  const metrics = new LoaderMetrics();
  const both = new ProducerMetrics();
  both.include(metrics);
  const text = await both.text();
  for (const definition of LOADER_METRICS) {
    expect(text).toContain(`# HELP ${prometheusNameOf(definition)} `);
  }
  expect(text).toContain('# HELP millrace_http_requests_total ');
  expect(text).toMatch(/\n$/u);
});
