import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { LoadError, StatementBatch } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type AwsStub, failure, type StubReply, startAwsStub } from '../../test/redshift/aws-stub.ts';
import { CLUSTER, newClient } from '../../test/redshift/open-data-api.ts';
import { DataApiWarehouse } from './data-api-warehouse.ts';

const BATCH: StatementBatch = { name: 'dev/public.t/job/1', clientToken: 'token', statements: ['SELECT 1'] };
const ID = '00000000-0000-4000-8000-000000000000';
const REF = { name: BATCH.name, id: ID };

let stub: AwsStub | undefined;
let client: RedshiftDataClient | undefined;
afterEach(async () => {
  client?.destroy();
  await stub?.close();
});

/** A warehouse whose Data API answers so; replies in turn, the last one again and again. */
async function answering(...replies: readonly StubReply[]): Promise<DataApiWarehouse> {
  stub = await startAwsStub((_, nth) => replies[Math.min(nth, replies.length) - 1] ?? 'hang-up');
  client = newClient(stub.url, replies.length);
  return new DataApiWarehouse(client, { address: CLUSTER, database: 'dev', patienceMs: 0 });
}

async function errorOf(call: Promise<unknown>): Promise<LoadError> {
  return call.then(
    () => expect.unreachable('the call succeeded'),
    (error) => error,
  );
}

/** What the Data API answers, and what it means at a submission and at a question. */
const TABLE: readonly [name: string, reply: StubReply, submit: string, ask: string][] = [
  [
    'throttling',
    failure('ThrottlingException', 'Rate exceeded'),
    'transient throttled',
    'transient throttled',
  ],
  [
    'too many statements',
    failure('ActiveStatementsExceededException', 'Active statements exceeded the allowed quota (500).'),
    'transient throttled',
    'transient throttled',
  ],
  [
    'too many sessions',
    failure('ActiveSessionsExceededException', 'Sessions exceeded the allowed quota (500).'),
    'transient throttled',
    'transient throttled',
  ],
  [
    'a warehouse that is not there',
    failure('ValidationException', "Redshift endpoint doesn't exist in this region."),
    'config warehouse-missing',
    'config warehouse-missing',
  ],
  [
    'a paused cluster',
    failure('ValidationException', 'The cluster is paused. Resume it, and try again.'),
    'unavailable warehouse-unavailable',
    'unavailable warehouse-unavailable',
  ],
  [
    'a cluster in maintenance',
    failure('BatchExecuteStatementException', 'Connection refused. The cluster is under maintenance.', {
      status: 500,
    }),
    'unavailable warehouse-unavailable',
    'unavailable warehouse-unavailable',
  ],
  [
    'any other refusal',
    failure('ValidationException', 'Database must be provided.'),
    'config request-refused',
    'config request-refused',
  ],
  [
    'missing rights, or the statement of another role',
    failure('AccessDeniedException', 'User is not authorized to perform: redshift-data:DescribeStatement'),
    'config access-denied',
    'config access-denied',
  ],
  [
    'expired credentials',
    failure('ExpiredTokenException', 'The security token included in the request is expired'),
    'config credentials-refused',
    'config credentials-refused',
  ],
  [
    'wrong credentials',
    failure('UnrecognizedClientException', 'The security token included in the request is invalid.'),
    'config credentials-refused',
    'config credentials-refused',
  ],
  [
    'an internal error',
    failure('InternalServerException', 'Internal error', { status: 500 }),
    'unknown reply-lost',
    'unavailable data-api-failed',
  ],
  [
    'a failed connection to the database',
    failure('DatabaseConnectionException', 'Connection to a database failed', { status: 500 }),
    'unknown reply-lost',
    'unavailable data-api-failed',
  ],
  [
    'an error about a statement that was taken',
    failure('BatchExecuteStatementException', 'The cluster is paused.', {
      status: 500,
      ...{ StatementId: ID },
    }),
    'unknown reply-lost',
    'unavailable warehouse-unavailable',
  ],
  ['a connection that breaks', 'hang-up', 'unknown reply-lost', 'unavailable data-api-failed'],
];

describe('the Data API answers', () => {
  it.each(TABLE)('%s', async (_, reply, submit, ask) => {
    const warehouse = await answering(reply);
    const submitted = await errorOf(warehouse.submit(BATCH));
    expect(`${submitted.class} ${submitted.code}`).toBe(submit);
    const asked = await errorOf(warehouse.describe(REF));
    expect(`${asked.class} ${asked.code}`).toBe(ask);
    expect(asked.message).toMatch(/^DescribeStatement on cluster analytics, database dev: /u);
    expect(asked.name).toBe(`LoadError.${asked.code}`);
  });

  it('nothing: no server is there, so nothing was taken', async () => {
    const warehouse = await answering('hang-up');
    await stub?.close();
    expect(await errorOf(warehouse.submit(BATCH))).toMatchObject({
      class: 'unavailable',
      code: 'data-api-unreachable',
    });
  });

  it('nothing: the SDK found no region or no URL to ask, which no retry mends', async () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const region = async (): Promise<string> => {
      throw new Error('Region is missing');
    };
    for (const settings of [
      { credentials, region },
      { credentials, region: 'us-east-1', endpoint: 'no url' },
    ]) {
      client = new RedshiftDataClient(settings);
      const warehouse = new DataApiWarehouse(client, { address: CLUSTER, database: 'dev' });
      for (const call of [warehouse.submit(BATCH), warehouse.describe(REF)]) {
        expect(await errorOf(call)).toMatchObject({ class: 'config', code: 'call-unsent' });
      }
      client.destroy();
    }
  });

  it('unknown of a statement, in both of the words that AWS has for it', async () => {
    for (const name of ['ResourceNotFoundException', 'ValidationException']) {
      const warehouse = await answering(failure(name, 'Query does not exist.'));
      expect(await warehouse.describe(REF)).toEqual({ state: 'unknown' });
      await warehouse.cancel(REF);
      expect(await warehouse.copyErrors(REF)).toEqual([]);
      client?.destroy();
      await stub?.close();
    }
  });

  it('that a statement has ended, to somebody who cancels it: nothing is left to do', async () => {
    const said = `Could not cancel a query that is already in FINISHED state with ID: ${ID}`;
    const warehouse = await answering(failure('ValidationException', said));
    await expect(warehouse.cancel(REF)).resolves.toBeUndefined();
  });
});

describe('a lost reply stays unknown', () => {
  it('when a later attempt of the same call is throttled: that one says nothing of the first', async () => {
    const warehouse = await answering('hang-up', failure('ThrottlingException', 'Rate exceeded'));
    expect(await errorOf(warehouse.submit(BATCH))).toMatchObject({ class: 'unknown', code: 'reply-lost' });
    const tokens = stub?.requests.map(({ body }) => JSON.parse(body).ClientToken);
    expect(tokens).toEqual(['token', 'token']);
  });

  it('but a reply that comes at last is the reply', async () => {
    const warehouse = await answering('hang-up', { body: { Id: ID } });
    expect(await warehouse.submit(BATCH)).toEqual(REF);
  });
});

describe('a lane of another warehouse', () => {
  it('has a statement that the Data API does not know, instead of a refused request', async () => {
    const warehouse = await answering(failure('ValidationException', 'id must satisfy regex pattern: …'));
    const embedded = { name: BATCH.name, id: '17' };
    expect(await warehouse.describe(embedded)).toEqual({ state: 'unknown' });
    expect(await warehouse.copyErrors(embedded)).toEqual([]);
    await warehouse.cancel(embedded);
    expect(stub?.requests).toEqual([]);
  });
});
