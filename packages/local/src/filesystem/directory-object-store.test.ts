import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { objectStoreContract } from '@millrace/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryObjectStore, type DirectoryObjectStoreOptions } from './directory-object-store.ts';

const A = { bucket: 'lake', key: 'in/a.csv' };

let root: string;
let store: DirectoryObjectStore;
let skipped: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-objects-'));
  skipped = [];
  store = open();
});

afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

function open(options: DirectoryObjectStoreOptions = {}): DirectoryObjectStore {
  return new DirectoryObjectStore(root, {
    onSkipped: (path) => void skipped.push(path.slice(root.length)),
    ...options,
  });
}

/** A file that somebody else put there `ageMs` ago. */
function put(path: string, text: string | Uint8Array, ageMs = 60_000): string {
  const at = join(root, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, text);
  const time = new Date(Date.now() - ageMs);
  utimesSync(at, time, time);
  return at;
}

async function keysIn(bucket: string, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list({ bucket, prefix })) keys.push(key);
  return keys;
}

async function textOf(at: { bucket: string; key: string }): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read(at)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

objectStoreContract('DirectoryObjectStore', async () => ({
  port: store,
  bucket: 'lake',
  tagsOf: (at) => store.tagsOf(at),
}));

describe('objects as files', () => {
  it('is the file root/bucket/key, for engines that read in place and for people', async () => {
    await store.write(A, 'mine');
    expect(store.localPath(A)).toBe(join(store.root, 'lake/in/a.csv'));
    expect(readFileSync(store.localPath(A), 'utf8')).toBe('mine');
    put('lake/in/b.csv', 'theirs');
    expect(await textOf({ bucket: 'lake', key: 'in/b.csv' })).toBe('theirs');
    expect(await keysIn('lake')).toEqual(['in/a.csv', 'in/b.csv']);
  });

  it('gives the ETag of the content, whoever wrote it and wherever', async () => {
    const written = await store.write(A, 'same bytes');
    put('pond/x', 'same bytes');
    expect((await store.head({ bucket: 'pond', key: 'x' }))?.etag).toBe(written?.etag);
    expect(written?.etag).toMatch(/^[0-9a-f]{32}$/u);
  });

  it('never lists or reads hidden names, its own among them', async () => {
    await store.write(A, 'a');
    await store.tag(A, { state: 'loaded' }, { ifMatch: (await store.head(A))?.etag ?? '' });
    put('lake/in/.a.csv.swp', 'x');
    put('lake/.staging/b.csv', 'x');
    expect(await keysIn('lake')).toEqual(['in/a.csv']);
    expect(await keysIn('lake', '.staging/')).toEqual([]);
    expect(await store.head({ bucket: 'lake', key: '.staging/b.csv' })).toBeUndefined();
    expect(await keysIn('.millrace')).toEqual([]);
  });

  it('refuses to write a key that it cannot have, and has none to read', async () => {
    for (const key of ['a//b', '../escape', 'a/./b', 'dir/', '.hidden', 'x'.repeat(256)]) {
      const at = { bucket: 'lake', key };
      await expect(store.write(at, 'x')).rejects.toMatchObject({ code: 'key-unsupported' });
      await expect(store.copy(A, at, { ifMatch: 'x' })).rejects.toMatchObject({ code: 'key-unsupported' });
      expect(await store.head(at)).toBeUndefined();
      await expect(store.read(at)).rejects.toMatchObject({ code: 'object-gone' });
      expect(await store.delete(at, { ifMatch: 'x' })).toBe('gone');
      expect(await keysIn('lake', key)).toEqual([]);
    }
    expect(existsSync(join(root, '..', 'escape'))).toBe(false);
  });

  it('refuses an object below an object, and one in the place of a folder', async () => {
    await store.write(A, 'a');
    await expect(store.write({ bucket: 'lake', key: 'in/a.csv/b' }, 'x')).rejects.toMatchObject({
      code: 'key-conflict',
    });
    await expect(store.write({ bucket: 'lake', key: 'in' }, 'x')).rejects.toMatchObject({
      code: 'key-conflict',
    });
    expect(await store.head({ bucket: 'lake', key: 'in' })).toBeUndefined();
    expect(await store.head({ bucket: 'lake', key: 'in/a.csv/b' })).toBeUndefined();
    expect(readdirSync(join(root, 'lake/.millrace/unfinished'))).toEqual([]);
  });

  it('follows no symbolic link, out of the root or within', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'millrace-outside-'));
    writeFileSync(join(outside, 'secret'), 'secret');
    put('lake/in/a.csv', 'a');
    symlinkSync(join(outside, 'secret'), join(root, 'lake/in/link.csv'));
    symlinkSync(outside, join(root, 'lake/out'));
    symlinkSync(root, join(root, 'lake/loop'));
    expect(await keysIn('lake')).toEqual(['in/a.csv']);
    expect(skipped.sort()).toEqual(['/lake/in/link.csv', '/lake/loop', '/lake/out']);
    expect(await keysIn('lake', 'out/')).toEqual([]);
    expect(await store.head({ bucket: 'lake', key: 'in/link.csv' })).toBeUndefined();
    expect(await store.head({ bucket: 'lake', key: 'out/secret' })).toBeUndefined();
    await expect(store.read({ bucket: 'lake', key: 'out/secret' })).rejects.toMatchObject({
      code: 'object-gone',
    });
    await expect(store.write({ bucket: 'lake', key: 'out/new' }, 'x')).rejects.toMatchObject({
      code: 'link-refused',
    });
    await expect(store.write({ bucket: 'lake', key: 'out/deep/new' }, 'x')).rejects.toMatchObject({
      code: 'link-refused',
    });
    expect(readdirSync(outside)).toEqual(['secret']);
    rmSync(outside, { recursive: true });
  });

  it('may itself be reached through a link', async () => {
    const link = `${root}-link`;
    symlinkSync(root, link);
    const linked = new DirectoryObjectStore(link);
    expect(await linked.write(A, 'x')).toMatchObject({ size: 1 });
    expect(await textOf(A)).toBe('x');
    linked.close();
    rmSync(link);
  });

  it('leaves out a name that is not UTF-8, and says so', async () => {
    mkdirSync(join(root, 'lake'));
    writeFileSync(Buffer.concat([Buffer.from(join(root, 'lake/bad-')), Buffer.from([0xff])]), 'x');
    put('lake/good', 'x');
    expect(await keysIn('lake')).toEqual(['good']);
    expect(skipped).toEqual(['/lake/bad-\uFFFD']);
  });

  it('closes what was opened when the reader stops early or never starts reading', async () => {
    await store.write(A, 'x'.repeat(1_000_000));
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 5; round += 1) {
      for await (const chunk of await store.read(A)) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      const unread = await store.read(A);
      await unread[Symbol.asyncIterator]().return?.();
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('says that an object changed rather than giving a mixture when it is written to in place', async () => {
    const path = put('lake/in/a.csv', 'x'.repeat(1_000_000));
    const reading = await store.read(A);
    const iterator = reading[Symbol.asyncIterator]();
    await iterator.next();
    appendFileSync(path, 'more');
    const rest = async () => {
      while (!(await iterator.next()).done);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'object-changed' });
  });
});

describe('files that others write', () => {
  it('are listed once nothing has written to them for a while', async () => {
    store.close();
    store = open({ settleMs: 400 });
    put('lake/old', 'old');
    put('lake/fresh', 'fresh', 0);
    const startedAt = Date.now();
    expect(await keysIn('lake')).toEqual(['fresh', 'old']);
    expect(Date.now() - startedAt).toBeGreaterThan(300);
    const path = put('lake/growing', 'g', 0);
    const writer = setInterval(() => appendFileSync(path, 'g'), 50);
    expect(await keysIn('lake')).toEqual(['fresh', 'old']);
    clearInterval(writer);
    expect(await keysIn('lake')).toEqual(['fresh', 'growing', 'old']);
  });

  it('are listed at once when this process wrote them, or when their time was set to the future', async () => {
    store.close();
    store = open({ settleMs: 60_000 });
    await store.write({ bucket: 'lake', key: 'own' }, 'own');
    put('lake/future', 'future', -3_600_000);
    expect(await keysIn('lake')).toEqual(['future', 'own']);
  });

  it('get another ETag when they are overwritten with as many bytes, however soon', async () => {
    const path = store.localPath(A);
    for (let round = 0; round < 20; round += 1) {
      const own = await store.write(A, `own ${round % 10}`);
      writeFileSync(path, `new ${round % 10}`);
      expect((await store.head(A))?.etag).not.toBe(own?.etag);
      const mid = await store.head(A);
      writeFileSync(path, `end ${round % 10}`);
      expect((await store.head(A))?.etag).not.toBe(mid?.etag);
    }
  });

  it('get another ETag even when the clock of the file system did not move between two writes', async () => {
    // A time set by hand stands for a kernel that stamps in steps of 10 ms.
    const time = new Date();
    const write = (text: string) => utimesSync(put('lake/in/a.csv', text, 0), time, time);
    write('one');
    const before = await store.head(A);
    write('two');
    expect((await store.head(A))?.lastModifiedAt).toBe(before?.lastModifiedAt);
    expect((await store.head(A))?.etag).not.toBe(before?.etag);
  });

  it('are not read again by a listing while they are unchanged', async () => {
    const path = put('lake/a', 'first');
    const [before] = await infosIn('lake');
    // The same size, time and inode: only a listing that reads the bytes would notice.
    const { mtime } = statSync(path);
    writeFileSync(path, 'other');
    utimesSync(path, mtime, mtime);
    expect((await infosIn('lake'))[0]).toEqual(before);
    put('lake/a', 'third', 30_000);
    expect((await infosIn('lake'))[0]?.etag).not.toBe(before?.etag);
  });

  it('keep their ETags over a restart when there is a cache file', async () => {
    const cachePath = join(root, '.cache/etags.db');
    store.close();
    store = open({ cachePath });
    const path = put('lake/a', 'first');
    const [before] = await infosIn('lake');
    store.close();
    store = open({ cachePath });
    const { mtime } = statSync(path);
    writeFileSync(path, 'other');
    utimesSync(path, mtime, mtime);
    expect(await infosIn('lake')).toEqual([before]);
    expect(await keysIn('.cache')).toEqual([]);
  });

  async function infosIn(bucket: string) {
    const infos = [];
    for await (const info of store.list({ bucket, prefix: '' })) infos.push(info);
    return infos;
  }
});

describe('conditions against other processes', () => {
  it('deletes nothing that came to the key between the look and the deletion', async () => {
    const path = put('lake/in/a.csv', 'old');
    const ifMatch = (await store.head(A))?.etag ?? '';
    const looked = store.files.look.bind(store.files);
    let isFirst = true;
    store.files.look = async (at, settleMs) => {
      const look = await looked(at, settleMs);
      if (isFirst) renameSync(put('lake/new', 'new'), path);
      isFirst = false;
      return look;
    };
    expect(await store.delete(A, { ifMatch })).toBe('changed');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(join(root, 'lake/.millrace/unfinished'))).toEqual([]);
  });

  it('lets tags end with the bytes that they were given to', async () => {
    const ifMatch = (await store.write(A, 'first'))?.etag ?? '';
    await store.tag(A, { state: 'loaded' }, { ifMatch });
    put('lake/in/a.csv', 'other');
    expect(await store.tagsOf(A)).toEqual({});
    await store.delete(A, { ifMatch: (await store.head(A))?.etag ?? '' });
    expect(readdirSync(join(root, 'lake/.millrace/tags'))).toEqual([]);
  });

  it('leaves whole objects only when it is killed while it writes', async () => {
    const script = `
      import { DirectoryObjectStore } from ${JSON.stringify(join(import.meta.dirname, 'directory-object-store.ts'))};
      const store = new DirectoryObjectStore(${JSON.stringify(root)});
      for (let index = 0; ; index += 1) {
        const text = String(index % 10).repeat(300_000);
        await store.write({ bucket: 'lake', key: 'same' }, text);
        await store.write({ bucket: 'lake', key: 'in/' + index }, text);
        process.stdout.write(index + '\\n');
      }`;
    const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('20\n')) child.kill('SIGKILL');
    });
    await once(child, 'close');
    await sleep(5);
    const acknowledged = Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1)) + 1;
    const keys = await keysIn('lake', 'in/');
    expect(keys.length).toBeGreaterThanOrEqual(acknowledged);
    for (const key of [...keys, 'same']) {
      const text = await textOf({ bucket: 'lake', key });
      expect(text).toBe(text.charAt(0).repeat(300_000));
    }
  });

  it('removes what dead processes left after a day, and keeps what it cannot account for', async () => {
    const { etag = '' } = (await store.write(A, 'a')) ?? {};
    const unfinished = join(root, 'lake/.millrace/unfinished');
    writeFileSync(join(unfinished, 'write-1'), 'half');
    linkSync(store.localPath(A), join(unfinished, `remove-${etag}-1`));
    writeFileSync(join(unfinished, `remove-${etag}-2`), 'somebody else’s');
    await store.removeAbandoned();
    expect(readdirSync(unfinished)).toHaveLength(3);
    await store.removeAbandoned({ now: Date.now() + 25 * 3_600_000 });
    expect(readdirSync(unfinished)).toEqual([`remove-${etag}-2`]);
    expect(skipped).toEqual([`/lake/.millrace/unfinished/remove-${etag}-2`]);
    expect(await keysIn('lake')).toEqual(['in/a.csv']);
  });
});
