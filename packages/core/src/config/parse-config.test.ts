import { describe, expect, it } from 'vitest';
import { ConfigError, type ConfigProblem, sentenceOf } from './config-error.ts';
import type { ConfiguredTarget, MillraceConfig } from './millrace-config.ts';
import { parseConfig, parseConfigText } from './parse-config.ts';

const TWO_TARGETS = {
  warehouse: { kind: 'local', path: '.millrace/warehouse.duckdb' },
  objects: { kind: 'directory', path: '.millrace/objects' },
  tracker: { kind: 'sqlite', path: '.millrace/tracker.db' },
  targets: {
    'public.flights': {
      mode: 'append',
      from: 's3://lake/flights/',
      format: { kind: 'csv', header: true },
      copy: "TIMEFORMAT 'auto'",
      freshness: '5s',
      maxFiles: 500,
      maxBytes: '1GB',
      after: 'keep',
    },
    'public.airports': {
      mode: 'upsert',
      key: ['iata'],
      latestBy: ['updated_at'],
      from: 's3://lake/airports/',
      format: { kind: 'json' },
    },
  },
};

const parse = (value: unknown): MillraceConfig => parseConfig(value, { source: 'millrace.config.json' });

function targetOf(changes: Record<string, unknown>): ConfiguredTarget {
  const target = { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, ...changes };
  const definition = parse({ targets: { t: target } }).targets.get('public.t');
  if (!definition) throw new Error('the target is not there');
  return definition;
}

function problemsOf(value: unknown): readonly ConfigProblem[] {
  try {
    parse(value);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** The problems of a document with one target, as sentences. */
function complaints(changes: Record<string, unknown>): readonly string[] {
  const target = { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, ...changes };
  return problemsOf({ targets: { t: target } }).map(sentenceOf);
}

describe('parseConfig', () => {
  it('reads two targets with everything in its place', () => {
    const config = parse(TWO_TARGETS);
    expect(config).toMatchObject({
      warehouse: {
        kind: 'local',
        path: '.millrace/warehouse.duckdb',
        maxLoads: 4,
        statementTimeoutMs: 900_000,
      },
      objects: { kind: 'directory', path: '.millrace/objects' },
      tracker: { kind: 'sqlite', path: '.millrace/tracker.db' },
      control: { bucket: 'millrace', key: '' },
      migrations: 'migrations',
      settleMs: 1_000,
      sweepMs: 60_000,
    });
    expect([...config.targets.keys()]).toEqual(['public.flights', 'public.airports']);
    expect(config.targets.get('public.flights')).toMatchObject({
      name: 'public.flights',
      rule: {
        mode: 'append',
        key: [],
        latestBy: [],
        tombstone: null,
        columns: null,
        onRewrite: 'quarantine',
      },
      batching: { maxFiles: 500, maxBytes: 1e9, freshnessMs: 5_000 },
      after: { kind: 'keep' },
      pin: false,
      format: 'csv',
      iamRole: null,
      from: ['s3://lake/flights/'],
    });
    expect(config.targets.get('public.airports')).toMatchObject({
      rule: {
        mode: 'upsert',
        key: ['iata'],
        latestBy: ['updated_at'],
        nullKeys: 'reject',
        onRewrite: 'reload',
      },
      batching: { maxFiles: 500, maxBytes: 1e9, freshnessMs: 60_000 },
    });
  });

  it('fills in warehouse, objects and tracker when they are left out', () => {
    const { warehouse: _, objects: __, tracker: ___, ...rest } = TWO_TARGETS;
    expect(JSON.stringify(parse(rest))).toBe(JSON.stringify(parse(TWO_TARGETS)));
    expect(parse({ ...rest, warehouse: { kind: 'local' } }).warehouse).toEqual(parse(TWO_TARGETS).warehouse);
  });

  it('names targets as the warehouse does', () => {
    const { targets } = parse({
      targets: {
        Flights: { mode: 'append', from: 's3://a/b/', format: { kind: 'csv' }, columns: ['Id', 'At'] },
      },
    });
    expect([...targets.keys()]).toEqual(['public.flights']);
    expect(targets.get('public.flights')?.rule.columns).toEqual(['id', 'at']);
  });

  it('takes a key as a text, a composite key, a tombstone, and columns that hold them all', () => {
    const rule = { mode: 'upsert', key: 'id', latestBy: 'at' };
    expect(targetOf(rule).rule).toMatchObject({ key: ['id'], latestBy: ['at'] });
    const columns = ['carrier', 'number', 'at', 'op'];
    const tombstone = { column: 'op', equals: 'D' };
    expect(
      targetOf({ ...rule, key: ['carrier', 'number'], columns, tombstone, nullKeys: 'append' }).rule,
    ).toEqual({
      mode: 'upsert',
      key: ['carrier', 'number'],
      latestBy: ['at'],
      tombstone,
      nullKeys: 'append',
      columns,
      onRewrite: 'reload',
    });
    expect(targetOf({ mode: 'insert-only', key: 'id' }).rule).toMatchObject({
      key: ['id'],
      onRewrite: 'reload',
    });
  });

  it('replaces what was rewritten where rows tell by which load they came', () => {
    expect(targetOf({ provenance: true, onRewrite: 'replace', after: 'tag' }).rule).toMatchObject({
      provenance: true,
      onRewrite: 'replace',
    });
  });

  it('tells of provenance only where it is asked for', () => {
    expect(targetOf({ provenance: true }).rule).toMatchObject({ mode: 'append', provenance: true });
    expect(targetOf({ provenance: false }).rule).not.toHaveProperty('provenance');
  });

  it('moves files beside the folder that they came from, or where it is told', () => {
    expect(targetOf({ after: 'move' }).after).toEqual({ kind: 'move', to: 's3://lake/processed/t/' });
    expect(targetOf({ after: 'move', from: 's3://lake/a/in_' }).after).toEqual({
      kind: 'move',
      to: 's3://lake/a/processed/in_',
    });
    const processedPrefix = 's3://archive/t/';
    expect(targetOf({ after: 'move', processedPrefix }).after).toEqual({ kind: 'move', to: processedPrefix });
    expect(targetOf({ after: 'tag' }).after).toEqual({ kind: 'tag' });
  });

  it('lists nested prefixes of a target once', () => {
    const from = ['s3://lake/a/', { prefix: 's3://lake/a/b/', match: '*.csv' }, 's3://lake/c/'];
    expect(targetOf({ from }).from).toEqual(['s3://lake/a/', 's3://lake/c/']);
  });

  it('names every problem of a document in one run', () => {
    const problems = problemsOf({
      warehous: {},
      settle: 5,
      targets: {
        'a.b.c': 5,
        flights: {
          mode: 'upsert',
          from: 's3://lake/f/',
          format: { kind: 'cvs' },
          fresness: '5s',
          maxBytes: '1G',
          key: 'id',
        },
      },
    });
    expect(problems.map(({ path }) => path.join('/')).toSorted()).toEqual([
      'settle',
      'targets/a.b.c',
      'targets/a.b.c',
      'targets/flights/format/kind',
      'targets/flights/fresness',
      'targets/flights/latestBy',
      'targets/flights/maxBytes',
      'warehous',
    ]);
  });

  it('is a LoadError that people can act on', () => {
    expect(() => parse({ targets: { t: { mode: 'upsrt' } } })).toThrow(
      expect.objectContaining({ name: 'LoadError.config-invalid', code: 'config-invalid', class: 'config' }),
    );
    expect(() => parse([])).toThrow('millrace.config.json has 1 problem:\n  [] is not an object');
    expect(() => parseConfigText('{"targets": }', { source: 'x.json' })).toThrow(
      /x.json has 1 problem:\n {2}is not JSON/u,
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ["targets.t.freshnes: is not a known key; did you mean 'freshness'?", { freshnes: '5s' }],
    [
      "targets.t.mode: 'upsrt' is not one of append, upsert, insert-only, replace-partition; did you mean 'upsert'?",
      { mode: 'upsrt' },
    ],
    [
      "targets.t.key: has no meaning in mode 'append'; leave it out, or choose mode 'upsert' or 'insert-only'",
      { key: 'a' },
    ],
    [
      "targets.t.freshness: 5 is not a duration; write a number with ms, s, m, h or d, such as '500ms', '5s' or '1m30s'",
      { freshness: 5 },
    ],
    ["targets.t.freshness: '5x' is not a duration", { freshness: '5x' }],
    ["targets.t.maxBytes: '1 giga' is not a size", { maxBytes: '1 giga' }],
    ['targets.t.maxFiles: 0 is too small; write 1 or more', { maxFiles: 0 }],
    ["targets.t.pin: 'yes' is not true or false", { pin: 'yes' }],
    [
      "targets.t.from: 's3://lake/*.csv' is not an address of S3; write s3://bucket/prefix/ (patterns go into 'match'",
      { from: 's3://lake/*.csv' },
    ],
    ['targets.t.from: is missing; write where the files of the target come from', { from: undefined }],
    [
      "targets.t.from[1].macth: is not a known key; did you mean 'match'?",
      { from: ['s3://a/', { prefix: 's3://b/', macth: '*' }] },
    ],
    ["targets.t.from.match: '{a' has a '{' without '}'", { from: { prefix: 's3://a/', match: '{a' } }],
    [
      "targets.t.columns: 'a b' is not the name of a column".replace('columns', 'columns[0]'),
      { columns: ['a b'] },
    ],
    ["targets.t.processedPrefix: has no meaning with after 'keep'", { processedPrefix: 's3://a/b/' }],
    [
      "targets.t.processedPrefix: 's3://a/b' does not end with '/'; write 's3://a/b/'",
      { after: 'move', processedPrefix: 's3://a/b' },
    ],
    [
      "targets.t.after: 'move' needs a target with one prefix: where its files are that a queue announces",
      { from: { queue: 'orders' }, after: 'move', processedPrefix: 's3://a/b/' },
    ],
    [
      "targets.t.after: 'move' needs a target with one prefix",
      { after: 'move', from: ['s3://a/b/', 's3://a/c/'] },
    ],
    [
      'targets.t.latestBy: is missing; write the column or columns that tell which version',
      { mode: 'upsert', key: 'a' },
    ],
    [
      "targets.t.latestBy: has no meaning in mode 'insert-only'",
      { mode: 'insert-only', key: 'a', latestBy: 'b' },
    ],
    [
      "targets.t.latestBy: 'a' is in the key, so it is the same in all versions",
      { mode: 'upsert', key: 'a', latestBy: 'a' },
    ],
    [
      "targets.t.key: 'iatta' is not one of the target's columns (iata, at); did you mean 'iata'?",
      { mode: 'upsert', key: 'iatta', latestBy: 'at', columns: ['iata', 'at'] },
    ],
    [
      "targets.t.columns: '_job_id' is filled by 'provenance', and is no column of the files; leave '_job_id' out, or",
      { provenance: true, columns: ['a', '_JOB_ID'] },
    ],
    [
      "targets.t.latestBy: '_loaded_at' is filled by 'provenance'",
      { mode: 'upsert', key: 'a', latestBy: '_loaded_at', provenance: true },
    ],
    [
      'targets.t.onRewrite: \'replace\' deletes the rows of a load, which have to tell that they are its; write "provenance": true',
      { onRewrite: 'replace' },
    ],
    [
      "targets.t.after: 'move' takes files away that onRewrite 'replace' would have to load once more; choose 'keep' or 'tag'",
      { onRewrite: 'replace', provenance: true, after: 'move' },
    ],
    [
      "targets.t.after: 'delete' takes files away",
      { onRewrite: 'replace', provenance: true, after: 'delete' },
    ],
    [
      "targets.t.onRewrite: 'replace' is not one of reload, quarantine",
      { mode: 'insert-only', key: 'a', onRewrite: 'replace', provenance: true },
    ],
    ["targets.t.key: names 'a' twice", { mode: 'insert-only', key: ['a', 'A'] }],
    ["targets.t.copy: 'TIMEFROMAT' is not an option of COPY", { copy: "TIMEFROMAT 'auto'" }],
    ['targets.t.copy: NOLOAD would load nothing', { copy: 'NOLOAD' }],
    [
      'targets.t.copy: MAXERROR 100 skips bad rows; remove it, or accept the loss with allowRowLoss: true',
      { copy: 'MAXERROR 100' },
    ],
    [
      'targets.t.copy: access keys in COPY end up in logs',
      { copy: "ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b'" },
    ],
    ["targets.t.copy: says JSON, and 'format' says csv; say the format once", { copy: "JSON 'auto'" }],
    ['targets.t.copy: unterminated quoted string', { copy: "TIMEFORMAT 'auto" }],
    ['targets.t.format: is missing; write what the files look like', { format: undefined }],
    ["targets.t.format.header: 'yes' is not", { format: { kind: 'csv', header: 'yes' } }],
    [
      "targets.t.format.delimiter: ';;' is not one ASCII character",
      { format: { kind: 'csv', delimiter: ';;' } },
    ],
    ['targets.t.format: \'csv\' is not an object; write {"kind": "csv"}', { format: 'csv' }],
  ])('says: %s', (sentence, changes) => {
    expect(complaints(changes)).toEqual([expect.stringContaining(sentence)]);
  });

  it('refuses a table that is written twice, and control prefixes and sweeps that cannot be', () => {
    const target = { mode: 'append', from: 's3://a/', format: { kind: 'csv' } };
    const said = problemsOf({
      targets: { t: target, 'PUBLIC.T': { ...target, from: 's3://b/' } },
      control: 's3://m/x',
      sweep: '10ms',
    });
    expect(said.map(sentenceOf)).toEqual([
      "control: 's3://m/x' does not end with '/'; write 's3://m/x/'",
      "sweep: '10ms' is too short; write '1s' or more",
      'targets["PUBLIC.T"]: is the same table as \'t\'; a table has one target: join the two',
    ]);
  });
});
