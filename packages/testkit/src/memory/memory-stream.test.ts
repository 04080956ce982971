import { streamContract } from '../contract/stream-contract.ts';
import { MemoryStream } from './memory-stream.ts';

streamContract('MemoryStream', async () => {
  const port = new MemoryStream({ shards: 2 });
  const reshard = async () => {
    for (const { id } of await port.shards()) port.split(id);
  };
  return { port, reshard };
});
