import { RedshiftClient } from '@aws-sdk/client-redshift';
import { RedshiftServerlessClient } from '@aws-sdk/client-redshift-serverless';
import { afterEach, describe, expect, it } from 'vitest';
import { type AwsStub, failure, type StubReply, startAwsStub } from '../../test/redshift/aws-stub.ts';
import { clusterState } from './cluster-state.ts';
import { workgroupState } from './workgroup-state.ts';

const SETTINGS = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};
/** A Saturday. */
const NOW = Date.UTC(2026, 10, 21, 12, 0);
const SUNDAY = { startsAt: Date.UTC(2026, 10, 22, 5, 30), endsAt: Date.UTC(2026, 10, 22, 6, 0) };

let stub: AwsStub | undefined;
afterEach(() => stub?.close());

/** DescribeClusters speaks the query protocol: form in, XML out. */
function clusters(...members: readonly string[]): StubReply {
  const list = members.map(
    (member) => `<Cluster><ClusterIdentifier>analytics</ClusterIdentifier>${member}</Cluster>`,
  );
  return {
    body: `<DescribeClustersResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/">
  <DescribeClustersResult><Clusters>${list.join('')}</Clusters></DescribeClustersResult>
  <ResponseMetadata><RequestId>9f71fb57-3930-11e1-bd07-10b78eb70c44</RequestId></ResponseMetadata>
</DescribeClustersResponse>`,
  };
}

function status(cluster: string, availability: string, more = ''): StubReply {
  return clusters(`<ClusterStatus>${cluster}</ClusterStatus>
<ClusterAvailabilityStatus>${availability}</ClusterAvailabilityStatus>
<PreferredMaintenanceWindow>sun:05:30-sun:06:00</PreferredMaintenanceWindow>${more}`);
}

async function stateOf(reply: StubReply, now = NOW): Promise<unknown> {
  stub = await startAwsStub(() => reply);
  const client = new RedshiftClient({ ...SETTINGS, endpoint: stub.url });
  try {
    return await clusterState(client, 'analytics', { now });
  } finally {
    client.destroy();
    await stub.close();
  }
}

async function workgroupStateOf(workgroup: string, ...replies: readonly StubReply[]): Promise<unknown> {
  stub = await startAwsStub((_, nth) => replies[nth - 1] ?? 'hang-up');
  const client = new RedshiftServerlessClient({ ...SETTINGS, endpoint: stub.url });
  try {
    return await workgroupState(client, workgroup);
  } finally {
    client.destroy();
  }
}

describe('a cluster', () => {
  it('that is available tells its next maintenance', async () => {
    expect(await stateOf(status('available', 'Available'))).toEqual({ kind: 'available', windows: [SUNDAY] });
    expect(stub?.requests.map(({ body }) => new URLSearchParams(body).get('ClusterIdentifier'))).toEqual([
      'analytics',
    ]);
  });

  it('is available while it prepares a resize', async () => {
    expect(await stateOf(status('available, prep-for-resize', 'Available'))).toMatchObject({
      kind: 'available',
    });
  });

  it.each([
    ['paused', 'Unavailable'],
    ['pausing', 'Unavailable'],
    ['resuming', 'Unavailable'],
    ['rebooting', 'Unavailable'],
    ['modifying', 'Modifying'],
    ['hardware-failure', 'Failed'],
    ['storage-full', 'Unavailable'],
  ])('that is %s is unavailable, and nobody knows until when', async (cluster, availability) => {
    expect(await stateOf(status(cluster, availability))).toEqual({
      kind: 'unavailable',
      reason: `cluster analytics is ${cluster} (${availability})`,
      until: null,
      windows: [SUNDAY],
    });
  });

  it('in maintenance is likely back when the window ends; beyond it, nobody knows', async () => {
    const maintenance = status('available', 'Maintenance');
    const during = await stateOf(maintenance, SUNDAY.startsAt + 60_000);
    expect(during).toMatchObject({ kind: 'unavailable', until: SUNDAY.endsAt, windows: [SUNDAY] });
    const overrun = await stateOf(maintenance, SUNDAY.endsAt + 60_000);
    expect(overrun).toMatchObject({ kind: 'unavailable', until: null });
  });

  it('that is resized says how long it takes', async () => {
    const progress =
      '<DataTransferProgress><EstimatedTimeToCompletionInSeconds>90</EstimatedTimeToCompletionInSeconds></DataTransferProgress>';
    expect(await stateOf(status('resizing', 'Unavailable', progress))).toMatchObject({ until: NOW + 90_000 });
  });

  it('whose maintenance is deferred has it after that', async () => {
    const deferral = `<DeferredMaintenanceWindows><DeferredMaintenanceWindow>
<DeferMaintenanceIdentifier>release</DeferMaintenanceIdentifier>
<DeferMaintenanceStartTime>2026-11-20T00:00:00Z</DeferMaintenanceStartTime>
<DeferMaintenanceEndTime>2026-12-05T00:00:00Z</DeferMaintenanceEndTime>
</DeferredMaintenanceWindow></DeferredMaintenanceWindows>`;
    expect(await stateOf(status('available', 'Available', deferral))).toMatchObject({
      windows: [{ startsAt: Date.UTC(2026, 11, 6, 5, 30), endsAt: Date.UTC(2026, 11, 6, 6, 0) }],
    });
  });

  it('that is not there, or may not be looked at, is a matter of configuration', async () => {
    const error = (code: string, message: string): StubReply => ({
      status: 404,
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
    });
    await expect(stateOf(error('ClusterNotFound', 'Cluster analytics not found.'))).rejects.toMatchObject({
      class: 'config',
      code: 'warehouse-missing',
    });
    await expect(stateOf(clusters())).rejects.toMatchObject({ code: 'warehouse-missing' });
    await expect(
      stateOf(error('AccessDenied', 'not authorized to perform: redshift:DescribeClusters')),
    ).rejects.toMatchObject({
      class: 'config',
      code: 'access-denied',
    });
    await expect(stateOf('hang-up')).rejects.toMatchObject({ class: 'unavailable' });
  });
});

describe('a workgroup', () => {
  const ARN =
    'arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/0a1b2c3d-0000-4000-8000-000000000000';

  it('is available, without windows', async () => {
    const reply = { body: { workgroup: { workgroupName: 'analytics', status: 'AVAILABLE' } } };
    expect(await workgroupStateOf('analytics', reply)).toEqual({ kind: 'available', windows: [] });
    expect(stub?.requests.map(({ operation, body }) => [operation, body])).toEqual([
      ['GetWorkgroup', '{"workgroupName":"analytics"}'],
    ]);
  });

  it.each(['CREATING', 'MODIFYING', 'DELETING'])('that is %s is unavailable', async (state) => {
    const reply = { body: { workgroup: { workgroupName: 'analytics', status: state } } };
    expect(await workgroupStateOf('analytics', reply)).toMatchObject({
      kind: 'unavailable',
      reason: `workgroup analytics is ${state}`,
    });
  });

  it('is found by its ARN too, over all pages', async () => {
    const other = {
      body: { workgroups: [{ workgroupArn: 'arn:other', status: 'DELETING' }], nextToken: 'more' },
    };
    const found = { body: { workgroups: [{ workgroupArn: ARN, status: 'AVAILABLE' }] } };
    expect(await workgroupStateOf(ARN, other, found)).toMatchObject({ kind: 'available' });
    await expect(workgroupStateOf(ARN, { body: { workgroups: [] } })).rejects.toMatchObject({
      code: 'warehouse-missing',
    });
  });

  it('that is not there is a matter of configuration', async () => {
    const reply = failure('ResourceNotFoundException', 'Workgroup analytics not found.');
    await expect(workgroupStateOf('analytics', reply)).rejects.toMatchObject({
      class: 'config',
      code: 'warehouse-missing',
    });
  });
});
