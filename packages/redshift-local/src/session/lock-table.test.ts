import { describe, expect, it } from 'vitest';
import { LockTable } from './lock-table.ts';

const never = new AbortController().signal;
const owner = (transactionId: number) => ({ transactionId });

describe('LockTable', () => {
  it('lets writers of one table in one after the other, first come, first served', async () => {
    const locks = new LockTable();
    const [a, b, c] = [owner(1), owner(2), owner(3)];
    const order: string[] = [];
    expect(locks.acquire(a, 't', 'write', never)).toBeUndefined();
    const second = locks.acquire(b, 't', 'write', never)?.then(() => order.push('b'));
    const third = locks.acquire(c, 't', 'write', never)?.then(() => order.push('c'));
    locks.release(a);
    await second;
    expect(order).toEqual(['b']);
    locks.release(b);
    await third;
    expect(order).toEqual(['b', 'c']);
  });

  it('lets readers pass a writer, but not an exclusive lock nor one that waits', async () => {
    const locks = new LockTable();
    const [writer, reader, locker, late] = [owner(1), owner(2), owner(3), owner(4)];
    locks.acquire(writer, 't', 'write', never);
    expect(locks.acquire(reader, 't', 'read', never)).toBeUndefined();
    const exclusive = locks.acquire(locker, 't', 'exclusive', never);
    const lateRead = locks.acquire(late, 't', 'read', never);
    expect(exclusive).toBeInstanceOf(Promise);
    expect(lateRead).toBeInstanceOf(Promise);
    locks.release(writer);
    locks.release(reader);
    await exclusive;
    expect(locks.holds(late, 't', 'read')).toBe(false);
    locks.release(locker);
    await lateRead;
  });

  it('fails the one whose wait would close a circle', async () => {
    const locks = new LockTable();
    const [a, b] = [owner(1), owner(2)];
    locks.acquire(a, 'x', 'write', never);
    locks.acquire(b, 'y', 'write', never);
    const waits = locks.acquire(a, 'y', 'write', never);
    await expect(locks.acquire(b, 'x', 'write', never)).rejects.toMatchObject({
      message: 'deadlock detected',
      sqlState: '40P01',
    });
    locks.release(b);
    await waits;
  });

  it('sees two readers that both want to write as a circle', async () => {
    const locks = new LockTable();
    const [a, b] = [owner(1), owner(2)];
    locks.acquire(a, 't', 'read', never);
    locks.acquire(b, 't', 'read', never);
    const waits = locks.acquire(a, 't', 'exclusive', never);
    await expect(locks.acquire(b, 't', 'exclusive', never)).rejects.toMatchObject({ sqlState: '40P01' });
    locks.release(b);
    await waits;
  });

  it('lets those behind a cancelled wait go on', async () => {
    const locks = new LockTable();
    const [reader, locker, late] = [owner(1), owner(2), owner(3)];
    const cancel = new AbortController();
    locks.acquire(reader, 't', 'read', never);
    const exclusive = locks.acquire(locker, 't', 'exclusive', cancel.signal);
    const lateRead = locks.acquire(late, 't', 'read', never);
    cancel.abort(new Error('enough'));
    await expect(exclusive).rejects.toThrow('enough');
    await lateRead;
    expect(locks.holds(locker, 't', 'exclusive')).toBe(false);
  });
});
