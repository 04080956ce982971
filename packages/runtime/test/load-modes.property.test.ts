import { EmbeddedRedshift } from '@millrace/local';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore } from '@millrace/testkit';
import { loadModesSuite } from './load-modes-suite.ts';

loadModesSuite('EmbeddedRedshift', async () => {
  const objects = new MemoryObjectStore();
  const engine = await RedshiftLocal.open({ path: ':memory:', objects });
  return {
    warehouse: new EmbeddedRedshift(engine, { onCompletion: () => {} }),
    objects,
    idColumn: 'id BIGINT IDENTITY(1, 1)',
    close: () => engine.close(),
  };
});
