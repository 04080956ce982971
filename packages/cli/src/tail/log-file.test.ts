import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile, type ReadLimits } from './log-file.ts';

const LIMITS: ReadLimits = { maxLines: 100, maxBytes: 64 * 1_024, maxLineBytes: 4_096 };

let folder: string;
let path: string;
const opened: LogFile[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  path = join(folder, 'app.log');
});

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
  await rm(folder, { recursive: true, force: true });
});

async function begin(options: { fromEnd?: boolean } = {}): Promise<LogFile> {
  const log = await LogFile.begin(path, options);
  opened.push(log);
  return log;
}

async function resume(log: LogFile): Promise<LogFile | undefined> {
  const resumed = await LogFile.resume(path, log.state);
  if (resumed !== undefined) opened.push(resumed);
  return resumed;
}

async function linesOf(log: LogFile, limits: Partial<ReadLimits> = {}): Promise<string[] | 'begun-anew'> {
  const reading = await log.read({ ...LIMITS, ...limits });
  return reading.kind === 'lines' ? reading.lines.map(({ bytes }) => bytes.toString()) : reading.kind;
}

describe('a log', () => {
  it('gives its lines once they have an end, again until they are committed, and empty ones too', async () => {
    await writeFile(path, 'one\r\n\nthr');
    const log = await begin();
    expect(await linesOf(log)).toEqual(['one', '']);
    expect(await linesOf(log)).toEqual(['one', '']);
    log.commit();
    expect(await linesOf(log)).toEqual([]);
    await appendFile(path, 'ee\nfour');
    expect(await linesOf(log)).toEqual(['three']);
    log.commit();
    expect(await linesOf(log, { isFinished: true })).toEqual(['four']);
    log.commit();
    expect(log.state.offset).toBe('one\r\n\nthree\nfour'.length);
  });

  it('gives no more lines at once than are wanted, and goes on behind them', async () => {
    await writeFile(path, Array.from({ length: 1_000 }, (_, n) => `line ${n}\n`).join(''));
    const log = await begin();
    const all: string[] = [];
    for (;;) {
      const lines = await linesOf(log, { maxLines: 7, maxBytes: 50 });
      if (lines === 'begun-anew' || lines.length === 0) break;
      expect(lines.length).toBeLessThanOrEqual(7);
      all.push(...lines);
      log.commit();
    }
    expect(all).toEqual(Array.from({ length: 1_000 }, (_, n) => `line ${n}`));
  });

  it('cuts a huge line, says how long it was, and goes on behind it', async () => {
    const huge = 'x'.repeat(3_000_000);
    await writeFile(path, `small\n${huge}`);
    const log = await begin();
    expect(await linesOf(log)).toEqual(['small']);
    log.commit();
    expect(await linesOf(log)).toEqual([]);
    await appendFile(path, 'yyy\nnext\n');
    const reading = await log.read(LIMITS);
    expect(reading).toMatchObject({
      kind: 'lines',
      lines: [{ offset: 6, bytes: Buffer.from('x'.repeat(4_096)), cutFrom: 3_000_003 }],
    });
    log.commit();
    expect(await resume(log)).toBeDefined();
    expect(await linesOf(log)).toEqual(['next']);
  });

  it('is followed where it is renamed to', async () => {
    await writeFile(path, 'one\n');
    const log = await begin();
    await linesOf(log);
    log.commit();
    await rename(path, `${path}.1`);
    await writeFile(path, 'other\n');
    await appendFile(`${path}.1`, 'two\n');
    expect(await linesOf(log)).toEqual(['two']);
    expect(await resume(log)).toBeUndefined();
  });

  it('begins anew under another id when it is truncated, also when it is as long again', async () => {
    for (const after of ['new\n', `${'n'.repeat(200)}\n${'m'.repeat(200)}\n`]) {
      await writeFile(path, 'one\ntwo\nthree\n');
      const log = await begin();
      await linesOf(log);
      log.commit();
      const before = log.id;
      await truncate(path, 0);
      await appendFile(path, after);
      expect(await linesOf(log)).toBe('begun-anew');
      expect(log.id).not.toBe(before);
      expect(await linesOf(log)).toEqual(after.trimEnd().split('\n'));
    }
  });

  it('is seen truncated by what was sent last, when it begins as before', async () => {
    const header = `${'#'.repeat(2_000)}\n`;
    await writeFile(path, `${header}one\ntwo\n`);
    const log = await begin();
    await linesOf(log);
    log.commit();
    await truncate(path, 0);
    await appendFile(path, `${header}uno\ndos\ntres\n`);
    expect(await linesOf(log)).toBe('begun-anew');
  });
});

describe('a log that is gone on with', () => {
  it('begins at what was committed', async () => {
    await writeFile(path, 'one\ntwo\n');
    const log = await begin();
    await linesOf(log, { maxLines: 1 });
    log.commit();
    const again = await resume(log);
    expect(again?.id).toBe(log.id);
    expect(again && (await linesOf(again))).toEqual(['two']);
  });

  it('is another one when it is shorter or begins otherwise', async () => {
    await writeFile(path, 'one\ntwo\n');
    const log = await begin();
    await linesOf(log);
    log.commit();
    await writeFile(path, 'o');
    expect(await resume(log)).toBeUndefined();
    await writeFile(path, 'uno\ndos\ntres\n');
    expect(await resume(log)).toBeUndefined();
  });
});

describe('a log that begins at its end', () => {
  it('begins with the line that is being written', async () => {
    await writeFile(path, 'old\nhal');
    const log = await begin({ fromEnd: true });
    expect(await linesOf(log)).toEqual([]);
    await appendFile(path, 'f\nnew\n');
    expect(await linesOf(log)).toEqual(['half', 'new']);
  });
});
