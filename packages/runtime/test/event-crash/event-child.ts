import { join, resolve } from 'node:path';
import { type Seals, stateFolderOf } from '@millrace/core';
import { DirectoryObjectStore, EmbeddedStreamReader, SqliteSeals } from '@millrace/local';
import { ConsumerLoop, consumerOf, openEventStream } from '../../src/index.ts';
import { replaceMethods } from '../replace-methods.ts';
import { configOf } from './event-project.ts';

// A producer or a consumer that is killed: by its parent at any time, or by itself at a failpoint.
// Arguments: directory, `produce` or `consume`, version, and for a consumer `before-seal` or `after-seal` with its count,
// for a producer the number of its first event.
const [directory = '', mode = '', version = '0', point = '', nth = '1'] = process.argv.slice(2);
const config = configOf(Number(version));
const onError = (_: string, error: unknown): void => {
  process.stdout.write(`error ${String(error)}\n`);
};

if (mode === 'produce') await produce(Number(point));
else consume();

async function produce(first: number): Promise<void> {
  if (config.events === null) throw new Error('there are events');
  const { stream } = await openEventStream(config.events, { directory, onError });
  process.stdout.write('ready\n');
  for (let n = first; ; n += 5) {
    const events = Array.from({ length: 5 }, (_, index) => ({
      id: `e${n + index}`,
      type: 'page.viewed',
      time: new Date(1.7e12 + n).toISOString(),
      data: { url: `/${n % 11}`, version: Number(version) },
    }));
    const results = await stream.put(
      events.map((event) => ({ partitionKey: event.id, data: Buffer.from(JSON.stringify(event)) })),
    );
    // At once: what was told is told, also when the next thing is a kill.
    for (const [index, result] of results.entries()) {
      if (result.kind === 'stored') process.stdout.write(`stored ${n + index}\n`);
    }
  }
}

function consume(): void {
  let moves = 0;
  const seals = new SqliteSeals(join(directory, stateFolderOf(config), 'seals.db'));
  const dying: Seals = replaceMethods(seals as Seals, {
    move: async (stream, move) => {
      moves += 1;
      if (point === 'before-seal' && moves === Number(nth)) process.kill(process.pid, 'SIGKILL');
      const isMoved = await seals.move(stream, move);
      if (point === 'after-seal' && moves === Number(nth)) process.kill(process.pid, 'SIGKILL');
      return isMoved;
    },
  });
  const path = config.objects.kind === 'directory' ? config.objects.path : '';
  const objects = new DirectoryObjectStore(resolve(directory, path), { settleMs: 20 });
  const consumer = consumerOf(config, { seals: dying, objects, now: Date.now });
  const { maxAgeMs = 0, chunkBytes = 0, maxBytes = 0 } = config.events?.consumer ?? {};
  const loop = new ConsumerLoop(consumer, new EmbeddedStreamReader(join(directory, '.millrace', 'stream')), {
    limits: { maxAgeMs, chunkBytes, maxBytes, pollMs: 5 },
    discoverMs: 200,
    onSealed: () => process.stdout.write('sealed\n'),
    onError: (error) => onError('events', error),
  });
  loop.start();
  process.stdout.write('ready\n');
}
