import { type Answers, answeringWarehouse, bareLoader } from '@millrace/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/parse-config.ts';
import { loadFileOf } from '../../file/load-file.ts';
import { compileRoutes, routesOf } from '../../file/route.ts';
import type { CheckResult } from '../../ports/doctor.ts';
import type { TableColumn } from '../../ports/warehouse.ts';
import { LoadError } from '../../recover/load-error.ts';
import type { Loader } from '../../verbs/loader.ts';
import { checkRetention } from './check-events.ts';
import { type DiagnoseOptions, diagnose } from './diagnose.ts';

const NOW = 1_795_264_440_000;
const UPSERT = {
  mode: 'upsert',
  key: ['iata'],
  latestBy: ['updated_at'],
  from: 's3://lake/airports/',
  format: { kind: 'csv' },
};
const NAME = 'public.airports';

const column = (name: string, type: string, change: Partial<TableColumn> = {}): TableColumn => {
  return { name, type, isNullable: true, isIdentity: false, ...change };
};
const COLUMNS = [
  column('iata', 'character varying(3)'),
  column('name', 'character varying(64)'),
  column('updated_at', 'timestamp without time zone'),
];

let answers: Answers;
let columns: readonly TableColumn[] | undefined;
let options: DiagnoseOptions;

beforeEach(() => {
  columns = COLUMNS;
  answers = {
    'select-clock': () => [{ now_ms: NOW }],
    'select-privileges': () => [{ select: 1, insert: 1, update: 1, delete: 1 }],
    'list-tables': () => [{ name: 'public.airport' }],
  };
  options = {
    routes: [],
    events: null,
    examinations: [],
    pause: async () => {},
    pendingMigrations: async () => [],
  };
});

function loaderOf(target: object = UPSERT, change: Partial<Loader> = {}): Loader {
  const config = parseConfig({ targets: { [NAME]: target } }, { source: 'test' });
  const routes = compileRoutes(config);
  options = { ...options, routes, events: config.events };
  const proxied = new Proxy({} as Answers, { get: (_, kind) => Reflect.get(answers, kind) });
  const warehouse = answeringWarehouse(proxied, { describeTable: async () => columns });
  return {
    ...bareLoader(() => NOW, warehouse),
    targets: config.targets,
    routesOf: (at) => routesOf(routes, at),
    ...change,
  };
}

async function examine(loader: Loader = loaderOf()): Promise<readonly CheckResult[]> {
  return diagnose(loader, { live: false }, options);
}

async function find(check: string, loader?: Loader): Promise<CheckResult | undefined> {
  return (await examine(loader)).find((one) => one.check === check);
}

describe('everything as it should be', () => {
  it('passes, each check with what it saw and nothing to do', async () => {
    const results = await examine();
    expect(results.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(results.map(({ check }) => check)).toEqual([
      'configuration',
      'objects s3://lake/_millrace/',
      'source s3://lake/airports/',
      'warehouse',
      'clock',
      'windows',
      'migrations',
      `table ${NAME}`,
      `columns ${NAME}`,
      `copy ${NAME}`,
      `rights ${NAME}`,
      `unique ${NAME}`,
      `lane ${NAME}`,
    ]);
    for (const { fix } of results) expect(fix).toBeNull();
  });

  it('of one target alone, and refuses one that is none', async () => {
    const loader = loaderOf();
    const own = await diagnose(loader, { live: false, target: NAME }, options);
    expect(own.some(({ check }) => check === `table ${NAME}`)).toBe(true);
    await expect(diagnose(loader, { live: false, target: 'public.none' }, options)).rejects.toMatchObject({
      code: 'target-unknown',
    });
  });
});

describe('the configuration', () => {
  it('has no targets', async () => {
    expect(await find('configuration', loaderOf(UPSERT, { targets: new Map() }))).toMatchObject({
      status: 'warn',
    });
  });
});

describe('objects', () => {
  it('cannot be written below the control prefix', async () => {
    const loader = loaderOf();
    loader.objects.write = async () => {
      throw new LoadError('store-denied', 'Access Denied', { class: 'config', hint: 'allow the action' });
    };
    expect(await find('objects s3://lake/_millrace/', loader)).toEqual({
      check: 'objects s3://lake/_millrace/',
      status: 'fail',
      detail: 'Access Denied',
      fix: 'allow the action',
    });
  });

  it('cannot be listed', async () => {
    const loader = loaderOf();
    // biome-ignore lint/correctness/useYield: it fails before there is anything to give.
    loader.objects.list = async function* () {
      throw new LoadError('bucket-missing', 'no such bucket', { class: 'config' });
    };
    expect(await find('source s3://lake/airports/', loader)).toMatchObject({ status: 'fail' });
  });

  it('are there, and no route takes one of them', async () => {
    const loader = loaderOf({ ...UPSERT, from: { prefix: 's3://lake/airports/', match: '*.csv' } });
    await loader.objects.write({ bucket: 'lake', key: 'airports/a.json' }, '{}');
    expect(await find('source s3://lake/airports/', loader)).toMatchObject({
      status: 'warn',
      fix: expect.stringContaining('millrace trace'),
    });
  });
});

describe('the warehouse', () => {
  it('does not answer: its tables are not looked at, the lanes are', async () => {
    answers = {
      'select-clock': () => {
        throw new LoadError('login-refused', 'password authentication failed', {
          class: 'config',
          hint: 'mend it',
        });
      },
    };
    const results = await examine();
    expect(results.find(({ check }) => check === 'warehouse')).toMatchObject({
      status: 'fail',
      fix: 'mend it',
    });
    expect(results.map(({ check }) => check)).toEqual(expect.arrayContaining(['tables', `lane ${NAME}`]));
    expect(results.some(({ check }) => check === `table ${NAME}`)).toBe(false);
  });

  it('is not there at all: the fix says more than the error', async () => {
    answers = {
      'select-clock': () => {
        throw new LoadError('warehouse-unavailable', 'connect ECONNREFUSED', { class: 'unavailable' });
      },
    };
    expect(await find('warehouse')).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('start it, or correct where it is'),
    });
  });

  it('is away, as its control plane says: it is not asked, which would wake it', async () => {
    answers = {
      'select-clock': () => {
        throw new Error('it was asked');
      },
    };
    const state = async () =>
      ({ kind: 'unavailable', reason: 'cluster a is paused', until: NOW + 1, windows: [] }) as const;
    expect(await find('warehouse', loaderOf(UPSERT, { availability: { state } }))).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('cluster a is paused'),
    });
  });

  it.each([
    [900, 'pass'],
    [-8_000, 'warn'],
    [8_000, 'warn'],
    [-400_000, 'fail'],
    [400_000, 'fail'],
  ])('has a clock that is off by %d ms: %s', async (skewMs, status) => {
    answers = { ...answers, 'select-clock': () => [{ now_ms: NOW + skewMs }] };
    expect(await find('clock')).toMatchObject({ status });
  });
});

describe('windows', () => {
  async function windowsOf(windows: Awaited<ReturnType<typeof windowRules>>) {
    const loader = loaderOf();
    return find('windows', { ...loader, settings: { ...loader.settings, windows } });
  }
  async function windowRules(rules: readonly string[]) {
    const config = parseConfig(
      { warehouse: { kind: 'local', windows: rules }, targets: {} },
      { source: 'test' },
    );
    return config.warehouse.windows;
  }

  // NOW is a Saturday, 12:34 UTC.
  it('say when the next one is, and whose freshness it misses', async () => {
    expect(await windowsOf(await windowRules(['sun:05:30-sun:06:00']))).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining('from 2026-11-22T05:30'),
    });
  });

  it('warn in one, and when they take most of the week', async () => {
    expect(await windowsOf(await windowRules(['sat:12:00-sat:13:00']))).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('nothing is loaded now'),
    });
    expect(await windowsOf(await windowRules(['mon:00:00-sat:00:00']))).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('% of the week'),
    });
  });
});

describe('migrations', () => {
  it('are pending: a table that is missing may come with them', async () => {
    columns = undefined;
    const loader = loaderOf();
    options = { ...options, pendingMigrations: async () => ['0001_create_airports.sql'] };
    expect(await find('migrations', loader)).toMatchObject({ status: 'warn' });
    expect(await find(`table ${NAME}`, loader)).toMatchObject({ status: 'warn' });
  });

  it('cannot be read', async () => {
    const loader = loaderOf();
    options = {
      ...options,
      pendingMigrations: async () => {
        throw new LoadError('migrations-invalid', '0001 was changed', { class: 'config', hint: 'undo it' });
      },
    };
    expect(await find('migrations', loader)).toMatchObject({ status: 'fail', fix: 'undo it' });
  });
});

describe('a table', () => {
  it('is missing, with the name that was meant', async () => {
    columns = undefined;
    expect(await find(`table ${NAME}`)).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('did you mean public.airport?'),
    });
  });

  it.each([
    ['its key', { ...UPSERT, key: ['code'] }, "'code' is not a column"],
    ['its order', { ...UPSERT, latestBy: ['changed'] }, "'changed' is not a column"],
    [
      'a column of the files',
      { ...UPSERT, columns: ['iata', 'updated_at', 'city'] },
      "'city' is not a column",
    ],
  ])('lacks %s', async (_, target, detail) => {
    expect(await find(`columns ${NAME}`, loaderOf(target))).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(detail),
    });
  });

  it('lacks the column that its partitions are known by', async () => {
    const from = 's3://lake/airports/';
    const target = { mode: 'replace-partition', partition: 'dt={dt}/', from, format: { kind: 'csv' } };
    expect(await find(`columns ${NAME}`, loaderOf(target))).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('does not have'),
      fix: expect.stringContaining('ALTER TABLE'),
    });
  });

  it('has a column that may not be NULL and is in no file', async () => {
    columns = [...COLUMNS, column('country', 'character(2)', { isNullable: false })];
    const target = { ...UPSERT, columns: ['iata', 'name', 'updated_at'] };
    expect(await find(`columns ${NAME}`, loaderOf(target))).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('country'),
    });
  });

  it('has a key of floating point, and an order of text', async () => {
    columns = [column('iata', 'double precision'), column('updated_at', 'character varying(32)')];
    expect(await find(`key ${NAME}`)).toMatchObject({ status: 'warn' });
    expect(await find(`latestBy ${NAME}`)).toMatchObject({ status: 'warn' });
  });

  it('is loaded with options that leave rows out', async () => {
    const target = { ...UPSERT, copy: 'MAXERROR 10', allowRowLoss: true };
    expect(await find(`copy ${NAME}`, loaderOf(target))).toMatchObject({ status: 'warn' });
  });

  it('may not be written by the user, or nobody can tell', async () => {
    answers = { ...answers, 'select-privileges': () => [{ select: 1, insert: 1, update: 0, delete: 0 }] };
    expect(await find(`rights ${NAME}`)).toMatchObject({
      status: 'fail',
      detail: 'the user lacks UPDATE, DELETE',
      fix: expect.stringContaining('millrace grants'),
    });
    answers = {
      ...answers,
      'select-privileges': () => {
        throw new LoadError('sql-refused', 'no such function', { class: 'config' });
      },
    };
    expect(await find(`rights ${NAME}`)).toMatchObject({ status: 'warn' });
  });

  it('has a key twice', async () => {
    answers = { ...answers, 'find-repeated-keys': () => [{ iata: 'ZRH', found: 2 }] };
    expect(await find(`unique ${NAME}`)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('(ZRH): 2 rows'),
    });
  });

  it('has no column of its key, which is told once and not asked of the warehouse', async () => {
    const loader = loaderOf({ ...UPSERT, key: ['nokey'] });
    expect(await find(`columns ${NAME}`, loader)).toMatchObject({ status: 'fail' });
    expect(await find(`unique ${NAME}`, loader)).toBeUndefined();
  });

  it('that appends has no key to be looked at', async () => {
    const append = { mode: 'append', from: 's3://lake/airports/', format: { kind: 'csv' } };
    expect(await find(`unique ${NAME}`, loaderOf(append))).toBeUndefined();
  });
});

describe('a lane', () => {
  it('is held, with what to do', async () => {
    const loader = loaderOf();
    await loader.tracker.putLane({
      ...(await loader.tracker.lane(NAME)),
      state: { kind: 'held', code: 'drift', reason: 'all fail alike', since: NOW, until: NOW + 1 },
    });
    expect(await find(`lane ${NAME}`, loader)).toMatchObject({
      status: 'warn',
      detail: 'held (drift): all fail alike',
    });
  });

  it('is paused', async () => {
    const loader = loaderOf();
    await loader.tracker.putLane({
      ...(await loader.tracker.lane(NAME)),
      state: { kind: 'paused', by: 'ops', why: 'work', since: NOW },
    });
    expect(await find(`lane ${NAME}`, loader)).toMatchObject({
      status: 'warn',
      fix: `\`millrace resume ${NAME}\``,
    });
  });

  it('has files in quarantine', async () => {
    const loader = loaderOf();
    const file = loadFileOf({ bucket: 'lake', key: 'airports/1', etag: 'e', size: 1 }, NOW);
    const evidence = { code: '1207', reason: 'bad', at: NOW };
    await loader.tracker.putAside(NAME, [{ file, status: 'quarantined', evidence }]);
    expect(await find(`lane ${NAME}`, loader)).toMatchObject({ detail: '1 file is quarantined' });
  });

  it('is late', async () => {
    const loader = loaderOf();
    const file = loadFileOf({ bucket: 'lake', key: 'airports/1', etag: 'e', size: 1 }, NOW - 86_400_000);
    await loader.tracker.addFiles(NAME, [file]);
    expect(await find(`lane ${NAME}`, loader)).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('86400 s'),
    });
  });
});

describe('events', () => {
  const mapped = {
    'airport.changed': [
      { dimension: NAME, columns: { iata: '$.data.iata', updated_at: '$.time', city: '$.data.city' } },
    ],
  };

  it('have mappings whose columns are not in the table', async () => {
    const config = parseConfig(
      { targets: { [NAME]: { key: 'iata', latestBy: 'updated_at' } }, events: mapped },
      { source: 'test' },
    );
    const loader = loaderOf();
    options = { ...options, events: config.events };
    expect(await find('event airport.changed', loader)).toMatchObject({
      status: 'fail',
      detail: `city is no column of ${NAME}`,
    });
    columns = [...COLUMNS, column('city', 'character varying(64)')];
    expect(await find('event airport.changed', loader)).toMatchObject({ status: 'pass' });
    columns = undefined;
    expect(await find('event airport.changed', loader)).toMatchObject({ status: 'fail' });
  });

  it('have functions, of which nothing is known', async () => {
    const config = parseConfig(
      { targets: { [NAME]: { key: 'iata' } }, events: { 'x.y': () => [] } },
      { source: 'test' },
    );
    const loader = loaderOf();
    options = { ...options, events: config.events };
    expect(await find('event x.y', loader)).toMatchObject({ status: 'pass' });
  });

  it.each([
    [7, 'pass'],
    [3, 'warn'],
    [0.5, 'fail'],
  ])('are kept for %d days: %s', (days, status) => {
    expect(checkRetention('stream', days * 86_400_000)).toMatchObject({ status });
  });
});

describe('surroundings', () => {
  it('are told as they were found, and a broken look at them is a finding', async () => {
    const loader = loaderOf();
    options = {
      ...options,
      examinations: [
        {
          check: 'disk',
          examine: async () => [{ check: 'disk', status: 'warn', detail: 'little', fix: 'free some' }],
        },
        {
          check: 'queue',
          examine: async () => {
            throw new Error('socket hang up');
          },
        },
      ],
    };
    const results = await examine(loader);
    expect(results).toEqual(
      expect.arrayContaining([expect.objectContaining({ check: 'disk', status: 'warn' })]),
    );
    expect(results.find(({ check }) => check === 'queue')).toMatchObject({
      status: 'fail',
      detail: 'socket hang up',
    });
  });
});
