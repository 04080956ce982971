import { objectStoreContract } from '../contract/object-store-contract.ts';
import { MemoryObjectStore } from './memory-object-store.ts';

objectStoreContract('MemoryObjectStore', async () => {
  const port = new MemoryObjectStore();
  return { port, bucket: 'lake', tagsOf: (at) => port.tagsOf(at) };
});
