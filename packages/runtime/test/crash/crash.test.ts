import { join } from 'node:path';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore } from '@millrace/testkit';
import { crashSuite } from './crash-suite.ts';

crashSuite('redshift-local', async () => ({
  place: null,
  ask: async (project, sql) => {
    const path = join(project.directory, '.millrace', 'warehouse.duckdb');
    const engine = await RedshiftLocal.open({ path, objects: new MemoryObjectStore() });
    try {
      const [result] = await engine.runBatch([sql]);
      return result?.kind === 'rows' ? (result.rows[0] ?? []).map(Number) : [];
    } finally {
      await engine.close();
    }
  },
}));
