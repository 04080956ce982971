import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { dynamodb, queue, redshift, s3, sqs } from './define-config.ts';
import { parseConfig } from './parse-config.ts';

const targets = { 'public.t': { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' } } };

function problemsOf(document: object, environment?: string): readonly string[] {
  try {
    parseConfig(document, { source: 'c', environment });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').map((line) => line.trim());
    throw error;
  }
  return [];
}

describe('places on AWS', () => {
  it('are read with what the SDK finds left open', () => {
    const config = parseConfig(
      {
        warehouse: redshift({ cluster: 'analytics-1', database: 'prod', dbUser: 'loader' }),
        objects: s3({
          endpoint: 'http://127.0.0.1:1',
          notifications: 'https://sqs.eu-west-1.amazonaws.com/1/in',
        }),
        tracker: dynamodb({ table: 'millrace', region: 'eu-west-1' }),
        wakes: sqs({ queue: 'https://sqs.eu-west-1.amazonaws.com/1/wakes' }),
        targets: { 'public.t': { ...targets['public.t'], from: queue('in') } },
      },
      { source: 'c' },
    );
    expect(config.warehouse).toMatchObject({
      kind: 'redshift',
      address: { cluster: 'analytics-1', dbUser: 'loader' },
      database: 'prod',
      iamRole: 'default',
      maxLoads: 4,
      statementTimeoutMs: 900_000,
    });
    expect(config.tracker).toEqual({ kind: 'dynamodb', table: 'millrace', region: 'eu-west-1' });
    expect(config.wakes?.queue).toMatch(/wakes$/u);
    expect(config.targets.get('public.t')).toMatchObject({ queues: ['in'], from: [] });
  });

  it('name a cluster or a workgroup, one of them', () => {
    const warehouse = { kind: 'redshift', database: 'd' };
    expect(problemsOf({ warehouse, targets })[1]).toBe(
      "warehouse: names neither cluster nor workgroup; write 'cluster' or 'workgroup', one of them",
    );
    const both = { ...warehouse, cluster: 'a', workgroup: 'bbb' };
    expect(problemsOf({ warehouse: both, targets })[1]).toContain('names both');
    const user = { ...warehouse, workgroup: 'bbb', dbUser: 'u' };
    expect(problemsOf({ warehouse: user, targets })[1]).toBe(
      'warehouse.dbUser: has no meaning with a workgroup; leave it out',
    );
    const shouted = { ...warehouse, cluster: 'Prod' };
    expect(problemsOf({ warehouse: shouted, targets })[1]).toContain('is not a cluster identifier');
  });

  it('let no queue announce what is in a directory', () => {
    const queued = { 'public.t': { ...targets['public.t'], from: queue('in') } };
    expect(problemsOf({ targets: queued })[1]).toBe(
      'targets["public.t"].from: queue \'in\' announces nothing that is in a directory; ' +
        "write a prefix, or objects of kind 's3'",
    );
  });
});

describe('environments', () => {
  const environments = {
    staging: {
      warehouse: redshift({ workgroup: 'staging', database: 'd' }),
      tracker: dynamodb({ table: 'stg' }),
    },
    production: {
      warehouse: redshift({ cluster: 'prod', database: 'd' }),
      tracker: dynamodb({ table: 'prod' }),
    },
  };

  it('say what differs; the rest is as for all', () => {
    const document = { objects: s3(), control: 's3://own/', environments, targets };
    const staging = parseConfig(document, { source: 'c', environment: 'staging' });
    expect(staging).toMatchObject({
      environment: 'staging',
      warehouse: { address: { workgroup: 'staging' } },
      tracker: { table: 'stg' },
      objects: { kind: 's3' },
      control: { bucket: 'own' },
    });
    const production = parseConfig(document, { source: 'c', environment: 'production' });
    expect(production.warehouse).toMatchObject({ address: { cluster: 'prod' } });
  });

  it('have to be picked where nothing is said for all, by a name that is there', () => {
    expect(problemsOf({ environments, targets })[1]).toContain('no environment was picked');
    expect(problemsOf({ environments, targets }, 'prod')[1]).toBe(
      "environments: has no 'prod'; write it, or pick one of staging, production",
    );
    expect(problemsOf({ targets }, 'prod')[1]).toContain("leave '--env' out");
    const withDefault = { warehouse: { kind: 'local' }, environments, targets };
    expect(parseConfig(withDefault, { source: 'c' }).environment).toBe(null);
  });

  it('never share a tracker over two warehouses, whose lanes would mix', () => {
    const tracker = dynamodb({ table: 'one' });
    const shared = {
      staging: { warehouse: environments.staging.warehouse },
      production: { warehouse: environments.production.warehouse },
    };
    expect(problemsOf({ tracker, environments: shared, targets }, 'staging')[1]).toContain(
      'has the tracker of another environment, and another warehouse',
    );
    const other = {
      ...shared,
      staging: { warehouse: redshift({ workgroup: 'staging', database: 'other' }) },
    };
    expect(problemsOf({ tracker, environments: other, targets }, 'staging')).toEqual([]);
  });
});
