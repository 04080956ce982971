import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StreamWriter } from '@millrace/core';
import { startServer } from '@millrace/server';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { cleanUp, newFolder, type Running, runMillrace, startMillrace, until } from './run-millrace.ts';

afterEach(cleanUp);

const KEY = 'a-key-of-24-characters--';

interface Stored {
  readonly id: string;
  readonly line: string;
}

/** A producer; `onStored` is called when events are durable and their answer is not sent yet. */
async function startProducer(onStored: () => void = () => {}): Promise<{ url: string; stored: Stored[] }> {
  const stored: Stored[] = [];
  const stream: StreamWriter = {
    put: async (entries) => {
      for (const { data } of entries) {
        const { id, data: body } = JSON.parse(Buffer.from(data).toString()) as {
          id: string;
          data: { line: string };
        };
        stored.push({ id, line: body.line });
      }
      onStored();
      return entries.map(() => ({ kind: 'stored', shard: 'a' }));
    },
  };
  const server = await startServer({ stream, keys: [{ name: 'agent', key: KEY }] });
  onTestFinished(() => server.close());
  return { url: server.url, stored };
}

describe('millrace tail', () => {
  it('follows a log until SIGTERM, and ends with 0', async () => {
    const cwd = await newFolder();
    const { url, stored } = await startProducer();
    await writeFile(join(cwd, 'app.log'), 'one\ntwo\n');
    const tail = startMillrace(['tail', '*.log', '--to', url], { cwd, env: { MILLRACE_KEY: KEY } });
    await until(() => stored.length === 2, { what: () => JSON.stringify(tail.output()) });
    await rename(join(cwd, 'app.log'), join(cwd, 'app.log.1'));
    await writeFile(join(cwd, 'app.log'), 'three\n');
    await until(() => stored.length === 3, { what: () => JSON.stringify(tail.output()) });
    tail.process.kill('SIGTERM');
    expect(await tail.ended).toEqual({ code: 0, stdout: 'sent 3 lines\n', stderr: '' });
  });

  it('killed between sending and saving sends the same events again, and loses none', async () => {
    const cwd = await newFolder();
    const log = join(cwd, 'app.log');
    let kills = 0;
    let tail: Running | undefined;
    const { url, stored } = await startProducer(() => {
      if (kills >= 5) return;
      kills += 1;
      tail?.process.kill('SIGKILL');
    });
    const lines: string[] = [];
    for (let round = 1; round <= 6; round += 1) {
      for (let n = 0; n < 20; n += 1) lines.push(`line ${round}.${n}`);
      await appendFile(
        log,
        lines
          .slice(-20)
          .map((line) => `${line}\n`)
          .join(''),
      );
      tail = startMillrace(['tail', 'app.log', '--to', url, '--key', KEY, '--until-idle'], { cwd });
      const { code } = await tail.ended;
      expect(code).toBe(round <= 5 ? null : 0);
    }
    const byId = new Map(stored.map(({ id, line }) => [id, line]));
    expect([...byId.values()]).toEqual(lines);
    expect(stored.length).toBeGreaterThan(lines.length);
  });

  it('refuses what it cannot use', async () => {
    const cwd = await newFolder();
    for (const [args, sentence] of [
      [['tail', 'app.log'], "required option '--to <url>' not specified"],
      [['tail', 'app.log', '--to', 'nowhere'], 'Write http://host:port'],
      [['tail', 'app.log', '--to', 'http://me:secret@host'], 'has a user or a password in it'],
    ] as const) {
      const { code, stderr } = await runMillrace(args, { cwd });
      expect(code).toBe(2);
      expect(stderr).toContain(sentence);
      expect(stderr).not.toContain('me:secret');
    }
    await writeFile(join(cwd, 'state.json'), '[]');
    const { code, stderr } = await runMillrace(
      ['tail', 'app.log', '--to', 'http://127.0.0.1:1', '--state', 'state.json'],
      { cwd },
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('is not a state of millrace tail')]);
  });
});
