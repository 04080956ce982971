import { describe, expect, it } from 'vitest';
import { partitionOf } from '../load/partition.ts';
import { ConfigError } from './config-error.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { parseConfig } from './parse-config.ts';

const TARGET = {
  mode: 'replace-partition',
  from: 's3://lake/t/',
  partition: 'dt={dt}/',
  format: { kind: 'csv' },
};

function read(change: Readonly<Record<string, unknown>>): ConfiguredTarget {
  const { targets } = parseConfig({ targets: { t: { ...TARGET, ...change } } }, { source: 'test' });
  const target = targets.get('public.t');
  if (target === undefined) throw new Error('the target is not there');
  return target;
}

function complaint(change: Readonly<Record<string, unknown>>): string {
  try {
    read(change);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing';
}

function find(change: Readonly<Record<string, unknown>>, key: string) {
  const { from, partition } = read(change);
  if (partition === undefined) throw new Error('the target has no partitions');
  return partitionOf({ from, partition }, { bucket: 'lake', key });
}

describe('a partition', () => {
  it('is the part of the key behind the prefix, and its rows are known by its address', () => {
    expect(find({}, 't/dt=2026-11-20/deep/a.csv')).toMatchObject({
      url: 's3://lake/t/dt=2026-11-20/',
      name: 'dt=2026-11-20/',
      rows: [{ column: '_partition', value: 's3://lake/t/dt=2026-11-20/' }],
    });
    expect(find({}, 't/dt=/a.csv')).toBeUndefined();
    expect(find({}, 't/a.csv')).toBeUndefined();
    expect(find({}, 't/xdt=1/a.csv')).toBeUndefined();
  });

  it('gives columns their values, also made of several parts', () => {
    const change = {
      partition: '{yyyy}/{MM}/{dd}/r={region}/',
      partitionBy: [{ column: 'DT', value: '{yyyy}-{MM}-{dd}' }, 'region'],
    };
    const found = find(change, 't/2026/11/20/r=eu/a.csv');
    expect(found?.rows).toEqual([
      { column: 'dt', value: '2026-11-20' },
      { column: 'region', value: 'eu' },
    ]);
    expect(found?.id).not.toBe(find(change, 't/2026/11/20/r=us/a.csv')?.id);
    expect(find(change, 't/2026/11/20/a.csv')).toBeUndefined();
  });

  it('is ready after ten minutes of quiet, unless something else is said', () => {
    expect(read({}).partition?.ready).toEqual({ kind: 'quiet', quietMs: 600_000 });
    expect(read({ ready: '_SUCCESS' }).partition?.ready).toEqual({ kind: 'marker', name: '_SUCCESS' });
    expect(read({ ready: { quiet: '5s' } }).partition?.ready).toEqual({ kind: 'quiet', quietMs: 5_000 });
  });

  it.each([
    ["'dt={dt}' does not end with '/'; write 'dt={dt}/'", { partition: 'dt={dt}' }],
    ["'/dt={dt}/' begins with '/'", { partition: '/dt={dt}/' }],
    ['has two names with nothing between them', { partition: '{a}{b}/' }],
    ['has a brace that belongs to no name', { partition: 'dt={}/' }],
    ["names '{a}' twice", { partition: '{a}/{a}/' }],
    ["'{day}' is not in 'partition', which has {dt}", { partitionBy: 'day' }],
    ["'{h}' of 'partition' is in no column", { partition: 'dt={dt}/h={h}/', partitionBy: 'dt' }],
    ["names 'dt' twice", { partitionBy: ['dt', 'DT'] }],
    ["with several prefixes in 'from'", { partitionBy: 'dt', from: ['s3://lake/a/', 's3://lake/b/'] }],
    ["does not end with '/', and partitions are the folders below it", { from: 's3://lake/t' }],
    ['announces files wherever they are', { from: { queue: 'q' } }],
    ["maxFiles: has no meaning in mode 'replace-partition'", { maxFiles: 5 }],
    ["pin: has no meaning in mode 'replace-partition'", { pin: true }],
    ["after: 'move' is not one of keep, tag", { after: 'move' }],
    ["partition: has no meaning in mode 'append'", { mode: 'append' }],
    ['partition: is missing; write the part of the key', { partition: undefined }],
  ])('says: %s', (sentence, change) => {
    expect(complaint(change)).toContain(sentence);
  });
});
