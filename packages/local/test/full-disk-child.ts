import { EmbeddedStream } from '@millrace/local';

// Writes to a stream until the disk refuses, and tells what it was told. Arguments: directory.
const [, , directory = ''] = process.argv;
const stream = await EmbeddedStream.open(directory, { shards: 1, retentionMs: 86_400_000 });
const stored: number[] = [];
let failure: string | undefined;
for (let n = 0; n < 2_000 && failure === undefined; n += 1) {
  const [result] = await stream.put([{ partitionKey: 'k', data: Buffer.from(String(n).padEnd(1_000)) }]);
  if (result?.kind === 'stored') stored.push(n);
  else failure = `${result?.error.class} ${result?.error.code}: ${result?.error.sentence}`;
}
await stream.close();
process.stdout.write(JSON.stringify({ stored, failure }));
