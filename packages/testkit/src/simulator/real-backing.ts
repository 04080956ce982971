import type { StatementRef, Warehouse } from '@millrace/core';
import { EmbeddedRedshift, SqliteTracker } from '@millrace/local';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore } from '../memory/memory-object-store.ts';
import type { Backing, BackingParts } from './backing.ts';
import { RealEngine } from './real-engine.ts';

/** Real SQL on redshift-local, and the tracker in SQLite: slower, and nothing of it a model. */
export async function openReal({ scheduler, dice }: BackingParts): Promise<Backing> {
  const objects = new MemoryObjectStore({ now: () => scheduler.now });
  const redshift = await RedshiftLocal.open({ path: ':memory:', objects, threads: 1 });
  const warehouse = (onCompletion: (statement: StatementRef) => void): Warehouse =>
    new EmbeddedRedshift(redshift, { onCompletion });
  const tracker = new SqliteTracker(':memory:');
  return {
    objects,
    tracker,
    engine: new RealEngine({ warehouse, objects, scheduler, dice }),
    model: null,
    close: async () => {
      tracker.close();
      await redshift.close();
    },
  };
}
