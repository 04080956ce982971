import { EmulatedS3AndSqs } from '@millrace/testkit/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkQueue, judgeQueue } from './check-queue.ts';

let emulated: EmulatedS3AndSqs;

beforeAll(async () => {
  emulated = await EmulatedS3AndSqs.start();
});
afterAll(() => emulated.close());

const GOOD = { VisibilityTimeout: '720', MessageRetentionPeriod: '345600', RedrivePolicy: '{}' };

function statusOf(change: Record<string, string | undefined>, which: string) {
  const results = judgeQueue({ ...GOOD, ...change }, { name: 'files', timeoutMs: 120_000 });
  return results.find(({ check }) => check === `queue files ${which}`)?.status;
}

describe('a queue', () => {
  it.each([
    ['720', 'pass'],
    ['300', 'warn'],
    ['60', 'fail'],
  ])('hides a message for %s s from a reader of two minutes: %s', (seconds, status) => {
    expect(statusOf({ VisibilityTimeout: seconds }, 'visibility')).toBe(status);
  });

  it('keeps messages for days', () => {
    expect(statusOf({}, 'retention')).toBe('pass');
    expect(statusOf({ MessageRetentionPeriod: '3600' }, 'retention')).toBe('warn');
  });

  it('has somewhere to put what nobody can read', () => {
    expect(statusOf({}, 'dead letters')).toBe('pass');
    expect(statusOf({ RedrivePolicy: undefined }, 'dead letters')).toBe('warn');
  });

  it('is asked, and tells its name', async () => {
    const queueUrl = emulated.createQueue('files', { VisibilityTimeout: '30' });
    const { arn, results } = await checkQueue(emulated.sqs(), { queueUrl, timeoutMs: 5_000 });
    expect(arn).toMatch(/:files$/u);
    expect(results[0]).toMatchObject({ check: 'queue files visibility', status: 'pass' });
  });

  it('that is not there is a finding', async () => {
    const queueUrl = `${emulated.url}/000000000000/none`;
    const { arn, results } = await checkQueue(emulated.sqs(), { queueUrl, timeoutMs: 5_000 });
    expect(arn).toBeNull();
    expect(results).toMatchObject([{ check: 'queue none', status: 'fail' }]);
  });
});
