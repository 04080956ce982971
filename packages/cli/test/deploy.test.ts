import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, newFolder, runMillrace } from './run-millrace.ts';

afterEach(cleanUp);

/** The constructs are compiled, and the functions bundled, when that has not happened yet. */
const TIMEOUT_MS = 240_000;
/** Nothing is to be found there: neither credentials nor a network that answers. */
const NOWHERE = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_PROFILE: '',
  AWS_EC2_METADATA_DISABLED: 'true',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  HTTP_PROXY: 'http://127.0.0.1:9',
};

const FLIGHTS = `{ mode: 'append', from: 's3://lake/flights/', format: { kind: 'csv' } }`;

async function projectWith(config: string): Promise<string> {
  const folder = await newFolder();
  await writeFile(
    join(folder, 'millrace.config.ts'),
    `import { defineConfig, redshift, s3 } from 'millrace';\n${config}`,
  );
  await mkdir(join(folder, 'migrations'));
  await writeFile(
    join(folder, 'migrations', '0001_create_flights.sql'),
    'CREATE TABLE flights (id INTEGER);',
  );
  return folder;
}

interface Template {
  readonly Parameters: Readonly<Record<string, object>>;
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>
  >;
}

const templateIn = (out: string): Template =>
  JSON.parse(readFileSync(join(out, 'Millrace.template.json'), 'utf8'));
const ofType = (template: Template, type: string) =>
  Object.values(template.Resources).filter(({ Type }) => Type === type);

describe('millrace deploy --dry-run', () => {
  it(
    'writes the stack of a project, without an account',
    async () => {
      const cwd = await projectWith(`
export default defineConfig({
  environments: {
    production: { warehouse: redshift({ workgroup: 'analytics', database: 'prod' }), objects: s3() },
  },
  targets: { 'public.flights': ${FLIGHTS} },
});`);
      const out = join(cwd, 'out');
      const args = ['deploy', '--env', 'production', '--dry-run', '--out', 'out'];
      const { code, stdout, stderr } = await runMillrace(args, { cwd, env: NOWHERE });
      expect(stderr).not.toContain('error');
      expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: out });
      expect(existsSync(join(out, 'manifest.json'))).toBe(true);
      const template = templateIn(out);
      expect(template.Parameters.statementNamePrefix).toMatchObject({
        Default: 'prod',
        AllowedValues: ['prod'],
      });
      const [deployed] = ofType(template, 'Custom::MillraceDeployment');
      expect(JSON.stringify(deployed?.Properties.Objects)).toContain('public.flights');
      expect(deployed?.Properties.Migrations).toMatch(/^[0-9a-f]{64}$/u);
      const created = ofType(template, 'AWS::Events::Rule').map(({ Properties }) =>
        JSON.stringify(Properties.EventPattern),
      );
      expect(created.find((one) => one?.includes('aws.s3'))).toContain('"key":[{"prefix":"flights/"}]');
    },
    TIMEOUT_MS,
  );

  it(
    'writes what the loaders by documents of queues need, where there is no project',
    async () => {
      const cwd = await newFolder();
      const args = ['deploy', '--dry-run', '--out', 'out', '--parameters', 'statementNamePrefix=dev'];
      const queue = ['--queue', 'orders_queue=s3://lake/orders/'];
      expect(await runMillrace([...args, ...queue], { cwd, env: NOWHERE })).toMatchObject({ code: 0 });
      const template = templateIn(join(cwd, 'out'));
      expect(Object.keys(template.Parameters)).toEqual(
        expect.arrayContaining(['statementNamePrefix', 'clusterIdentifier']),
      );
      expect(ofType(template, 'AWS::SQS::Queue').map(({ Properties }) => Properties.QueueName)).toContain(
        'orders_queue',
      );
      const [rule] = ofType(template, 'AWS::Events::Rule').filter(({ Properties }) =>
        JSON.stringify(Properties).includes('redshift-data'),
      );
      expect(JSON.stringify(rule?.Properties.EventPattern)).toContain('"Ref":"statementNamePrefix"');
    },
    TIMEOUT_MS,
  );

  it('says what to do about a warehouse of this machine', async () => {
    const cwd = await projectWith(
      `export default defineConfig({ targets: { 'public.flights': ${FLIGHTS} } });`,
    );
    const { code, stderr } = await runMillrace(['deploy', '--dry-run', '--out', 'out'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("is of kind 'local', which is not on AWS; write an environment with one");
    expect(existsSync(join(cwd, 'out'))).toBe(false);
  });

  it.each([
    [
      'a queue whose files nobody places',
      "from: { queue: 'orders_queue' }, format: { kind: 'csv' }",
      '--queue orders_queue=s3://bucket/prefix/',
    ],
    [
      'a freshness that is too short',
      "from: 's3://lake/a/', format: { kind: 'csv' }, freshness: '1ms'",
      "write '1s' or more",
    ],
  ])(
    'refuses %s',
    async (_, target, message) => {
      const cwd = await projectWith(`
export default defineConfig({
  warehouse: redshift({ cluster: 'analytics', database: 'prod' }),
  objects: s3(),
  targets: { 'public.orders': { mode: 'append', ${target} } },
});`);
      const { code, stderr } = await runMillrace(['deploy', '--dry-run'], { cwd, env: NOWHERE });
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    },
    TIMEOUT_MS,
  );

  it(
    'gives each function the secrets that it uses, and says which are missing or too many',
    async () => {
      const cwd = await projectWith(`
export default defineConfig({
  warehouse: redshift({ cluster: 'analytics', database: 'prod' }),
  objects: s3(),
  targets: { 'public.clicks': { mode: 'append' } },
  events: { click: [{ fact: 'public.clicks', columns: { id: '$.id' } }] },
  producer: { keys: { web: { env: 'WEB_KEY' } } },
  alerts: [{ kind: 'slack', url: { env: 'SLACK_URL' } }],
});`);
      const secret = (name: string) => [
        '--secret',
        `${name}=arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-AbCdEf`,
      ];
      const deploy = (...args: readonly string[]) =>
        runMillrace(['deploy', '--dry-run', '--out', 'out', ...args], { cwd, env: NOWHERE });
      expect(await deploy(...secret('SLACK_URL'))).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('write --secret WEB_KEY=<ARN of a secret>'),
      });
      const both = [...secret('SLACK_URL'), ...secret('WEB_KEY')];
      expect(await deploy(...both, ...secret('WEBKEY'))).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--secret WEBKEY: neither alerts nor producer name it'),
      });
      expect(await deploy(...both, '--queue', 'orders=s3://lake/orders/')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--queue orders: no target'),
      });
      expect(await deploy(...both)).toMatchObject({ code: 0 });
      const given = ofType(templateIn(join(cwd, 'out')), 'AWS::Lambda::Function').map(({ Properties }) => {
        const { Variables = {} } = (Properties.Environment ?? {}) as { Variables?: object };
        const names = Object.keys(Variables).filter((name) => ['SLACK_URL', 'WEB_KEY'].includes(name));
        return [Properties.Description, names];
      });
      expect(given).toContainEqual(['Millrace: sweeper', ['SLACK_URL']]);
      expect(given).toContainEqual(['Millrace: event-producer', ['WEB_KEY']]);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['an option that is no pair', ['--queue', 'orders_queue'], '--queue orders_queue has no name and value'],
    ['a file to write into', ['--dry-run', '--out', '/dev/null'], "nothing can be written to '/dev/null'"],
    ['a stack that cannot be called so', ['--stack', 'my_stack'], "'my_stack' is not the name of a stack"],
    ['a directory without a project, and no database', [], 'no parameter names the database'],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await runMillrace(['deploy', ...args], { cwd: await newFolder(), env: NOWHERE });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });
});
