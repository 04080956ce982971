import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { cleanUp, newFolder, type Running, runMillrace, startMillrace, until } from './run-millrace.ts';

afterEach(cleanUp);

const PLACE = { ClusterIdentifier: 'anything', Database: 'dev' } as const;

async function startRedshift(
  cwd: string,
  args: readonly string[],
): Promise<{ running: Running; url: string; client: RedshiftDataClient }> {
  const running = startMillrace(['redshift', ...args], { cwd });
  const line = /^listening on (http:\S+)$/mu;
  await until(() => line.test(running.output().stdout), { what: () => JSON.stringify(running.output()) });
  const url = line.exec(running.output().stdout)?.[1] ?? '';
  const client = new RedshiftDataClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return { running, url, client };
}

async function run(client: RedshiftDataClient, sql: string, more: object = {}): Promise<string> {
  const { Id } = await client.send(new ExecuteStatementCommand({ ...PLACE, Sql: sql, ...more }));
  const { Status, Error: error } = await client.send(
    new DescribeStatementCommand({ Id, WaitTimeSeconds: 30 }),
  );
  expect(`${Status} ${error ?? ''}`).toBe('FINISHED ');
  return Id ?? '';
}

describe('millrace redshift', () => {
  it('loads from a directory, ends on SIGTERM with 0, and keeps the warehouse in its file', async () => {
    const cwd = await newFolder();
    await mkdir(join(cwd, 'objects', 'lake', 'in'), { recursive: true });
    await writeFile(join(cwd, 'objects', 'lake', 'in', 'a.csv'), '1,Ann\n2,Bob\n');
    const args = ['--db', 'warehouse.db', '--objects', 'objects'];
    const first = await startRedshift(cwd, args);
    await run(first.client, 'CREATE TABLE people (id int, name varchar(10))');
    await run(
      first.client,
      "COPY people FROM 's3://lake/in/' IAM_ROLE 'arn:aws:iam::123456789012:role/r' CSV",
    );
    first.running.process.kill('SIGTERM');
    expect((await first.running.ended).code).toBe(0);
    const second = await startRedshift(cwd, args);
    const id = await run(second.client, 'SELECT name FROM people ORDER BY 1');
    const { Records } = await second.client.send(new GetStatementResultCommand({ Id: id }));
    expect(Records).toEqual([[{ stringValue: 'Ann' }], [{ stringValue: 'Bob' }]]);
  });

  it('sends completion events to a webhook, and again when it was refused', async () => {
    const bodies: string[] = [];
    const hook = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        bodies.push(body);
        response.writeHead(bodies.length === 1 ? 503 : 200).end();
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      hook.close();
    });
    const { port } = hook.address() as AddressInfo;
    const { client } = await startRedshift(await newFolder(), [
      '--events',
      'webhook',
      `http://127.0.0.1:${port}/`,
    ]);
    const id = await run(client, 'SELECT 1', { WithEvent: true, StatementName: 'n' });
    await until(() => bodies.length === 2, { what: () => 'the second try' });
    expect(JSON.parse(bodies[1] ?? '')).toMatchObject({
      source: 'aws.redshift-data',
      detail: { statementId: id, statementName: 'n', state: 'FINISHED' },
    });
  });

  it('takes faults at its start', async () => {
    const { url } = await startRedshift(await newFolder(), ['--fault', 'eventLoss=0.5', '--fault', 'pause']);
    const faults: unknown = await (await fetch(`${url}/_millrace/faults`)).json();
    expect(faults).toMatchObject({ eventLoss: 0.5, pause: true });
  });

  it.each([
    [['--port', 'x'], 'A port is a number'],
    [['--s3-endpoint', 'nonsense'], 'Write http://host:port'],
    [['--credentials', 'nonsense'], 'Write the access key, a colon'],
    [['--fault', 'storm=1'], "there is no fault 'storm'; the faults are eventLoss"],
    [['--fault', 'eventLoss=2'], 'is a probability from 0 to 1'],
    [['--limit', 'nonsense=1'], 'the names are activeStatements'],
    [['--events', 'webhook'], 'write --events webhook <url>'],
    [['--events', 'sqs', 'nonsense'], 'is not a URL'],
  ])('refuses %j with 2 and a sentence', async (args, sentence) => {
    const { code, stderr } = await runMillrace(['redshift', ...args], { cwd: await newFolder() });
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
  });

  it('says what is wrong with a port that is taken, and with a file that cannot be opened', async () => {
    const cwd = await newFolder();
    const { url } = await startRedshift(cwd, []);
    const taken = await runMillrace(['redshift', '--port', new URL(url).port], { cwd });
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('EADDRINUSE') });
    const missing = await runMillrace(['redshift', '--db', 'nowhere/w.db'], { cwd });
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('is not there; create it') });
  });
});
