import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectStoreContract } from '@millrace/testkit';
import { DirectoryObjectStore } from './directory-object-store.ts';

objectStoreContract('DirectoryObjectStore', async () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-objects-'));
  const port = new DirectoryObjectStore(root);
  return {
    port,
    bucket: 'lake',
    tagsOf: (at) => port.tagsOf(at),
    close: async () => {
      port.close();
      rmSync(root, { recursive: true });
    },
  };
});
