import { parseConfig } from '@millrace/core';
import { Millrace } from '../../src/millrace.ts';
import { type Failpoint, withFailpoint } from './failpoints.ts';

/** A partition by day, and a group of facts and dimensions. */
export const WHOLE_CONFIG = {
  settle: '20ms',
  targets: {
    'public.days': {
      mode: 'replace-partition',
      from: 's3://lake/days/',
      partition: 'dt={dt}/',
      partitionBy: 'dt',
      columns: ['v'],
      ready: { quiet: '1h' },
      format: { kind: 'csv' },
    },
    'public.facts': { mode: 'append', from: 's3://lake/facts/', format: { kind: 'csv' }, group: 'sales' },
    'public.dims': {
      mode: 'upsert',
      key: 'id',
      latestBy: 'at',
      from: 's3://lake/dims/',
      format: { kind: 'csv' },
      group: 'sales',
    },
  },
};

export const WHOLE_TABLES = `
CREATE TABLE public.days (v INTEGER, dt DATE);
CREATE TABLE public.facts (id INTEGER, v INTEGER);
CREATE TABLE public.dims (id INTEGER, at INTEGER);
`;

// A loader that kills itself at a failpoint, at the `nth` time. Arguments: directory, failpoint, count.
const [directory, point, nth = '1'] = process.argv.slice(2);
if (directory !== undefined && point !== undefined) {
  const millrace = await Millrace.open(parseConfig(WHOLE_CONFIG, { source: 'whole-child.ts' }), {
    directory,
    instrument: (loader) => withFailpoint(loader, point as Failpoint, Number(nth)),
  });
  await millrace.start();
  await millrace.untilIdle();
  await millrace.stop();
}
