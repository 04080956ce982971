import { LoadError } from '@millrace/core';
import { expect, it } from 'vitest';
import { waitOut } from './wait-out.ts';

const away = new LoadError('warehouse-unavailable', 'in maintenance', { class: 'unavailable' });

it('does again what an outage refused, and tells it once', async () => {
  const told: string[] = [];
  let tries = 0;
  const attempt = async (): Promise<string> => {
    tries += 1;
    if (tries < 3) throw away;
    return 'done';
  };
  const onWait = ({ message }: LoadError): void => void told.push(message);
  expect(await waitOut(attempt, { patienceMs: 10_000, onWait })).toBe('done');
  expect(told).toEqual(['in maintenance']);
});

it('gives up at once on what does not pass, on a stop, and when its patience is over', async () => {
  const wrong = new LoadError('permission-denied', 'no rights', { class: 'config' });
  const options = { patienceMs: 60_000, onWait: () => {} };
  await expect(waitOut(() => Promise.reject(wrong), options)).rejects.toBe(wrong);
  const signal = AbortSignal.abort();
  await expect(waitOut(() => Promise.reject(away), { ...options, signal })).rejects.toBe(away);
  await expect(waitOut(() => Promise.reject(away), { ...options, patienceMs: 100 })).rejects.toBe(away);
});
