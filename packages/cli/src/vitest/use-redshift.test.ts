import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { afterAll, describe, expect, it } from 'vitest';
import { useRedshift } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-vitest-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('useRedshift', () => {
  const redshift = useRedshift({
    objects: { directory },
    setup: ['CREATE TABLE people (id int, name varchar(10))'],
  });

  // While the file is being collected nothing has started yet.
  const tooEarly = messageOf(() => redshift.url);

  it('says so when it is used too early', () => {
    expect(tooEarly).toBe('useRedshift(): use what it returns in tests and hooks only');
  });

  it('gives a test a warehouse, for an SDK and past it', async () => {
    await mkdir(join(directory, 'lake'));
    writeFileSync(join(directory, 'lake', 'a.csv'), '1,Ann\n');
    const client = new RedshiftDataClient(redshift.clientConfig);
    const place = { ClusterIdentifier: 'any', Database: redshift.database };
    await client.send(
      new ExecuteStatementCommand({
        ...place,
        Sql: "COPY people FROM 's3://lake/a.csv' IAM_ROLE 'arn:aws:iam::123456789012:role/r' CSV",
        WaitTimeSeconds: 30,
      }),
    );
    const { Id } = await client.send(
      new ExecuteStatementCommand({ ...place, Sql: 'SELECT name FROM people' }),
    );
    const { Records } = await client.send(new GetStatementResultCommand({ Id, WaitTimeSeconds: 30 }));
    expect(Records).toEqual([[{ stringValue: 'Ann' }]]);
    expect(await redshift.query('SELECT id FROM people')).toMatchObject({ rows: [[1]] });
    client.destroy();
  });

  it('does not throttle, and can be told what goes wrong', async () => {
    redshift.faults.set({ pause: true });
    const client = new RedshiftDataClient({ ...redshift.clientConfig, maxAttempts: 1 });
    const call = new ExecuteStatementCommand({ ClusterIdentifier: 'any', Database: 'dev', Sql: 'SELECT 1' });
    await expect(client.send(call)).rejects.toThrow('The cluster is paused');
    redshift.faults.clear();
    for (let at = 0; at < 40; at += 1) await client.send(call);
    client.destroy();
  });
});

function messageOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
