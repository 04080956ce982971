import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { DataApiWarehouse } from '@millrace/aws/redshift';
import { S3ObjectStore } from '@millrace/aws/s3';
import type { MigrationFile } from '@millrace/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readDeploymentEnvironment } from '../src/deployment/deployment-environment.ts';
import { createDeploymentStep } from '../src/handlers/deployment-step.ts';
import { SpyLog } from './spy-log.ts';
import { Stage } from './stage.ts';

/** What CloudFormation was answered. */
interface Answer {
  readonly Status: string;
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly LogicalResourceId: string;
  readonly Data?: { readonly Applied: string };
}

/** Where CloudFormation waits for an answer. `refuses`: how many deliveries fail first. */
async function cloudFormation({ refuses = 0 } = {}): Promise<{ url: string; answers: Answer[] }> {
  const answers: Answer[] = [];
  let left = refuses;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      if (left > 0) {
        left -= 1;
        response.writeHead(503).end();
        return;
      }
      answers.push(JSON.parse(body));
      response.writeHead(200).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, answers };
}

const eventOf = (url: string, type: string, objects: readonly object[] = []) => ({
  RequestType: type,
  ResponseURL: url,
  StackId: 'arn:aws:cloudformation:us-east-1:123456789012:stack/Millrace/1',
  RequestId: 'one',
  LogicalResourceId: 'Deployed',
  ResourceProperties: { ServiceToken: 'arn', Objects: objects },
});

async function open(files: readonly MigrationFile[]) {
  const stage = await Stage.open({ tables: 'CREATE TABLE public.other (id int)', documents: {} });
  const step = createDeploymentStep(
    () => ({
      objects: new S3ObjectStore(stage.s3),
      warehouse: new DataApiWarehouse(stage.clients.redshiftData, {
        address: { workgroup: 'analytics' },
        database: 'dev',
      }),
      migrations: async () => files,
      log: stage.log,
      now: stage.now,
    }),
    stage.log,
  );
  return { stage, step };
}

const CREATE = { name: '0001_create_flights.sql', sql: 'CREATE TABLE public.flights (id int);' };
const OBJECT = { Url: 's3://config/millrace.config.json', Body: '{"targets":{}}' };

describe('the step of a deployment', () => {
  it('applies migrations once, writes the configuration, and tells CloudFormation', async () => {
    const { stage, step } = await open([CREATE]);
    const { url, answers } = await cloudFormation({ refuses: 1 });
    await step(eventOf(url, 'Create', [OBJECT]));
    await step(eventOf(url, 'Update', [OBJECT]));
    expect(answers.map(({ Status, Data }) => [Status, Data?.Applied])).toEqual([
      ['SUCCESS', CREATE.name],
      ['SUCCESS', ''],
    ]);
    expect(new Set(answers.map(({ PhysicalResourceId }) => PhysicalResourceId)).size).toBe(1);
    expect(await stage.rows('SELECT COUNT(*) FROM public.flights')).toEqual([[0]]);
    const body = await new S3ObjectStore(stage.s3).read({ bucket: 'config', key: 'millrace.config.json' });
    expect(await text(body)).toBe(OBJECT.Body);
  });

  it('stops the deployment at a migration that fails, and writes no configuration then', async () => {
    const { stage, step } = await open([CREATE, { name: '0002_wrong.sql', sql: 'CREATE TABLE;' }]);
    const { url, answers } = await cloudFormation();
    await step(eventOf(url, 'Create', [OBJECT]));
    expect(answers).toEqual([
      expect.objectContaining({
        Status: 'FAILED',
        Reason: expect.stringContaining('migration 0002_wrong.sql failed and left no trace'),
        LogicalResourceId: 'Deployed',
      }),
    ]);
    const head = await new S3ObjectStore(stage.s3).head({ bucket: 'config', key: 'millrace.config.json' });
    expect(head).toBeUndefined();
  });

  it('takes nothing away when the stack is deleted', async () => {
    const { stage, step } = await open([CREATE]);
    const { url, answers } = await cloudFormation();
    await step(eventOf(url, 'Create'));
    await step(eventOf(url, 'Delete'));
    expect(answers.map(({ Status }) => Status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await stage.rows('SELECT COUNT(*) FROM public.flights')).toEqual([[0]]);
  });

  it('tells CloudFormation also that its environment is wrong', async () => {
    const log = new SpyLog();
    const { url, answers } = await cloudFormation();
    const step = createDeploymentStep(() => {
      readDeploymentEnvironment({ REDSHIFT_CLUSTER: 'analytics' });
      throw new Error('it was believed');
    }, log);
    await step(eventOf(url, 'Create'));
    expect(answers[0]).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('REDSHIFT_DATABASE: is missing'),
    });
  });

  it('refuses an event that is not a custom resource’s', async () => {
    const step = createDeploymentStep(() => {
      throw new Error('it was believed');
    }, new SpyLog());
    await expect(step({ Records: [] })).rejects.toMatchObject({ code: 'event-foreign' });
  });
});
