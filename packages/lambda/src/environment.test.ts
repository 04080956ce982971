import { ConfigError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';

const SEED = {
  CONFIG_BUCKET: 'config',
  DDB_TRACKER: 'tracker',
  MANIFEST_BUCKET: 'control',
  PENDING_BUCKET: 'control',
  PENDING_PREFIX: 'path/to/folder/',
};

function problemsOf(env: Record<string, string>): string[] {
  try {
    readEnvironment(env);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw error;
  }
  return [];
}

describe('the environment', () => {
  it('has the names of the queue loaders, with their defaults', () => {
    expect(readEnvironment({ ...SEED, MANIFEST_PREFIX: 'path/to/folder' })).toMatchObject({
      kind: 'documents',
      documents: { bucket: 'config', key: 'rs-loader-config/' },
      control: { bucket: 'control', key: 'path/to/folder/' },
      table: 'tracker',
      addressing: 'cluster',
      maxLoads: 4,
      maxFilesPerRun: 1_000,
      eventBus: 'default',
    });
  });

  it('may name a configuration instead', () => {
    expect(
      readEnvironment({ MILLRACE_CONFIG: 's3://config/a/millrace.config.json', MILLRACE_ENV: 'staging' }),
    ).toMatchObject({
      kind: 'config',
      config: { bucket: 'config', key: 'a/millrace.config.json' },
      environment: 'staging',
    });
  });

  it('takes an empty variable for none', () => {
    expect(readEnvironment({ ...SEED, MILLRACE_CONFIG: '', REDSHIFT_DB_USER: '' })).toMatchObject({
      dbUser: undefined,
    });
  });

  it('is told with all of its problems at once, and without its values', () => {
    const env = {
      CONFIG_BUCKET: 's3://config',
      MANIFEST_PREFIX: '/manifests',
      MAX_LOADS: '0',
      WAKE_QUEUE_URL: 'queue.fifo',
      REDSHIFT_SECRET_ARN: 'password-in-the-wrong-place',
    };
    expect(problemsOf(env)).toEqual([
      expect.stringContaining("CONFIG_BUCKET is not the name of a bucket; write it without 's3://'"),
      expect.stringContaining('MANIFEST_PREFIX begins with'),
      expect.stringContaining('REDSHIFT_SECRET_ARN is not the ARN'),
      expect.stringContaining('MAX_LOADS is not a whole number from 1 to 100'),
      expect.stringContaining('WAKE_QUEUE_URL is not the URL of a standard queue'),
      'DDB_TRACKER is missing',
      'MANIFEST_BUCKET is missing',
    ]);
    expect(() => readEnvironment(env)).not.toThrow('password-in-the-wrong-place');
  });

  it.each([
    [{}, ['CONFIG_BUCKET is missing', 'DDB_TRACKER is missing', 'MANIFEST_BUCKET is missing']],
    [
      { MILLRACE_CONFIG: 'millrace.config.json' },
      [expect.stringContaining('MILLRACE_CONFIG is not the address')],
    ],
    [
      { ...SEED, MILLRACE_CONFIG: 's3://config/millrace.config.json' },
      ['CONFIG_BUCKET', 'MANIFEST_BUCKET', 'DDB_TRACKER'].map(
        (name) => `${name} has no meaning beside MILLRACE_CONFIG`,
      ),
    ],
    [
      {
        ...SEED,
        REDSHIFT_DB_USER: 'loader',
        REDSHIFT_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:1:secret:x',
      },
      [expect.stringContaining('REDSHIFT_DB_USER has no meaning beside REDSHIFT_SECRET_ARN')],
    ],
  ])('refuses %j', (env, problems) => {
    expect(problemsOf(env)).toEqual(problems);
  });
});
