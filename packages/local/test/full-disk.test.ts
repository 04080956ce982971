import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedStream } from '@millrace/local';
import { afterEach, beforeEach, expect, it } from 'vitest';

const CHILD = join(import.meta.dirname, 'full-disk-child.ts');
const run = promisify(execFile);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-full-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('a stream that may not grow says so, and keeps what it has stored', async () => {
  // A limit on the size of files stands for the disk: it stops a write in the middle, as a full one does.
  const script = `ulimit -f 128; exec "$0" --conditions=source "$1" "$2"`;
  const { stdout } = await run('sh', ['-c', script, process.execPath, CHILD, directory]);
  const { stored, failure } = JSON.parse(stdout) as { stored: number[]; failure: string };
  expect(failure).toMatch(/^unavailable stream-full: .*free space on its disk/u);
  expect(stored.length).toBeGreaterThan(50);

  const stream = await EmbeddedStream.open(directory, { shards: 1, retentionMs: 86_400_000 });
  await stream.put([{ partitionKey: 'k', data: Buffer.from('with space again') }]);
  const texts: string[] = [];
  for (let after: string | null = null, isMore = true; isMore; ) {
    const page: Awaited<ReturnType<EmbeddedStream['read']>> = await stream.read('1-0', { after });
    texts.push(...page.records.map(({ data }) => Buffer.from(data).toString().trim()));
    after = page.records.at(-1)?.position ?? after;
    isMore = page.records.length > 0;
  }
  expect(texts).toEqual([...stored.map(String), 'with space again']);
  await stream.close();
});
