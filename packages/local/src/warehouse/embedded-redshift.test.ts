import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore, warehouseContract } from '@millrace/testkit';
import { DirectoryObjectStore } from '../filesystem/directory-object-store.ts';
import { EmbeddedRedshift } from './embedded-redshift.ts';

warehouseContract('EmbeddedRedshift on a directory', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-warehouse-'));
  const objects = new DirectoryObjectStore(join(directory, 'objects'));
  const engine = await RedshiftLocal.open({ path: join(directory, 'warehouse.duckdb'), objects });
  return {
    port: new EmbeddedRedshift(engine, { onCompletion: () => {} }),
    objects,
    close: async () => {
      await engine.close();
      objects.close();
      rmSync(directory, { recursive: true });
    },
  };
});

warehouseContract('EmbeddedRedshift on an object store without paths', async () => {
  const objects = new MemoryObjectStore();
  const engine = await RedshiftLocal.open({ path: ':memory:', objects });
  return {
    port: new EmbeddedRedshift(engine, { onCompletion: () => {} }),
    objects,
    close: () => engine.close(),
  };
});
