import { type LoadFile, loadFileOf, type TrackedFile, type Tracker } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { WithPort } from './opened.ts';
import { evidenceAt, fileAt, OTHER, TARGET } from './tracker-fixtures.ts';

/** The contract of load files: intake, the line, their ends. */
export function trackerFileCases(withTracker: WithPort<Tracker>): void {
  describe('files that arrive', () => {
    it(
      'writes files down as waiting, with everything that was known of them',
      withTracker(async (tracker) => {
        const plain = fileAt('in/a b+c%20é.csv', 1_000);
        const full: LoadFile = { ...fileAt('in/日本.csv', 1_001, { writtenAt: 900 }), versionId: 'v-1' };
        expect(await tracker.addFiles(TARGET, [plain, full])).toEqual([plain.id, full.id]);
        expect(await tracker.waitingFiles(TARGET, 10)).toEqual([
          { target: TARGET, file: plain, status: 'waiting' },
          { target: TARGET, file: full, status: 'waiting' },
        ]);
        expect(await tracker.waitingFiles(OTHER, 10)).toEqual([]);
      }),
    );

    it(
      'takes the same identity once, in one call or in many at once, and leaves what it knew',
      withTracker(async (tracker) => {
        const file = fileAt('in/a.csv', 1_000);
        const late = { ...file, arrivedAt: 9_000, versionId: 'late' };
        expect(await tracker.addFiles(TARGET, [file, late])).toEqual([file.id]);
        const again = await Promise.all(Array.from({ length: 20 }, () => tracker.addFiles(TARGET, [late])));
        expect(again.flat()).toEqual([]);
        expect(await tracker.waitingFiles(TARGET, 10)).toEqual([{ target: TARGET, file, status: 'waiting' }]);
        expect((await tracker.counts(TARGET)).waiting).toBe(1);
      }),
    );

    it(
      'tells one of 20 concurrent callers that a file was new',
      withTracker(async (tracker) => {
        const file = fileAt('in/a.csv', 1_000);
        const added = await Promise.all(Array.from({ length: 20 }, () => tracker.addFiles(TARGET, [file])));
        expect(added.flat()).toEqual([file.id]);
      }),
    );

    it(
      'keeps a file of two targets apart',
      withTracker(async (tracker) => {
        const file = fileAt('in/a.csv', 1_000);
        expect(await tracker.addFiles(TARGET, [file])).toEqual([file.id]);
        expect(await tracker.addFiles(OTHER, [file])).toEqual([file.id]);
        await tracker.markLoaded(TARGET, [file]);
        expect(await tracker.waitingFiles(TARGET, 10)).toEqual([]);
        expect(await tracker.waitingFiles(OTHER, 10)).toHaveLength(1);
      }),
    );

    it(
      'leaves a known file as it is, whatever its status',
      withTracker(async (tracker) => {
        const [loaded, aside, old] = threeFiles();
        await tracker.addFiles(TARGET, [loaded, aside, old]);
        await tracker.markLoaded(TARGET, [loaded]);
        await tracker.putAside(TARGET, [
          { file: aside, status: 'quarantined', evidence: evidenceAt(5) },
          { file: old, status: 'superseded', evidence: evidenceAt(6) },
        ]);
        // A tracker may forget a loaded file; one that remembers it does not take it again.
        const remembered = await tracker.filesById(TARGET, [loaded.id]);
        const added = await tracker.addFiles(TARGET, [loaded, aside, old]);
        expect(added).toEqual(remembered.length === 0 ? [loaded.id] : []);
        expect(await statusOf(tracker, aside)).toBe('quarantined');
        expect(await statusOf(tracker, old)).toBe('superseded');
      }),
    );

    it(
      'takes nothing for nothing',
      withTracker(async (tracker) => {
        expect(await tracker.addFiles(TARGET, [])).toEqual([]);
        expect(await tracker.filesById(TARGET, [])).toEqual([]);
        expect(await tracker.filesById(TARGET, ['0'.repeat(32)])).toEqual([]);
        expect(await tracker.redrive(TARGET, [], 1)).toBe(0);
        await tracker.markLoaded(TARGET, []);
        await tracker.putAside(TARGET, []);
        await tracker.noteFailure(TARGET, [], evidenceAt(1));
        expect(await tracker.waitingFiles(TARGET, 10)).toEqual([]);
        expect(await tracker.counts(TARGET)).toEqual({
          waiting: 0,
          superseded: 0,
          quarantined: 0,
          oldestWaitingAt: null,
        });
      }),
    );
  });

  describe('the line', () => {
    it(
      'gives the oldest first, and what arrived together by the UTF-8 bytes of the key',
      withTracker(async (tracker) => {
        const keys = ['in/b', 'in/a', 'in/Z', 'in/é', 'in/\u{1F600}', 'in/\uFF5E', 'in/a-1', 'in/a/1'];
        const together = keys.map((key) => fileAt(key, 2_000));
        const early = fileAt('in/zz', 1_000);
        const late = fileAt('in/0', 3_000);
        await tracker.addFiles(TARGET, [late, ...together, early]);
        const ordered = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const line = (await tracker.waitingFiles(TARGET, 100)).map(({ file }) => file.identity.key);
        expect(line).toEqual(['in/zz', ...ordered, 'in/0']);
        const head = (await tracker.waitingFiles(TARGET, 3)).map(({ file }) => file.identity.key);
        expect(head).toEqual(line.slice(0, 3));
      }),
    );

    it(
      'gives, beyond the limit, the other waiting versions of the keys within it, and no others',
      withTracker(async (tracker) => {
        const first = fileAt('in/a', 1_000, { bytes: 'v1' });
        const rewritten = fileAt('in/a', 5_000, { bytes: 'v2' });
        const again = fileAt('in/a', 6_000, { bytes: 'v3' });
        const loaded = fileAt('in/a', 4_000, { bytes: 'v0' });
        const other = fileAt('in/b', 2_000);
        const beyond = fileAt('in/c', 3_000, { bytes: 'v1' });
        await tracker.addFiles(TARGET, [first, rewritten, again, loaded, other, beyond]);
        await tracker.markLoaded(TARGET, [loaded]);
        const ids = async (limit: number) =>
          (await tracker.waitingFiles(TARGET, limit)).map(({ file }) => file.id);
        expect((await ids(1)).slice(0, 1)).toEqual([first.id]);
        expect((await ids(1)).slice(1).sort()).toEqual([rewritten.id, again.id].sort());
        expect((await ids(2)).slice(0, 2)).toEqual([first.id, other.id]);
        expect((await ids(2)).slice(2).sort()).toEqual([rewritten.id, again.id].sort());
        expect(await ids(10)).toEqual([first.id, other.id, beyond.id, rewritten.id, again.id]);
      }),
    );

    it(
      'does not take the same key of another bucket for a version',
      withTracker(async (tracker) => {
        const here = fileAt('in/a', 1_000);
        const elsewhere = loadFileOf({ bucket: 'pond', key: 'in/a', etag: 'etag-v1', size: 102 }, 2_000);
        await tracker.addFiles(TARGET, [here, elsewhere]);
        expect((await tracker.waitingFiles(TARGET, 1)).map(({ file }) => file.id)).toEqual([here.id]);
      }),
    );

    it(
      'reads, counts and ends 2,000 files past every page',
      withTracker(async (tracker) => {
        const files = Array.from({ length: 2_000 }, (_, index) => {
          const key = `loads/public.flights/date=2026-11-21/part-${String(index).padStart(6, '0')}-${'x'.repeat(600)}.csv`;
          return fileAt(key, 1_000 + Math.floor(index / 10));
        });
        expect(await tracker.addFiles(TARGET, files)).toEqual(files.map(({ id }) => id));
        expect((await tracker.counts(TARGET)).waiting).toBe(2_000);
        const line = await tracker.waitingFiles(TARGET, 5_000);
        expect(line.map(({ file }) => file)).toEqual(files);
        expect(await tracker.waitingFiles(TARGET, 1_500)).toHaveLength(1_500);
        const found = await tracker.filesById(
          TARGET,
          files.map(({ id }) => id),
        );
        expect(found.map(({ file }) => file.id).sort()).toEqual(files.map(({ id }) => id).sort());
        await tracker.markLoaded(TARGET, files.slice(0, 1_999));
        expect((await tracker.waitingFiles(TARGET, 5_000)).map(({ file }) => file)).toEqual(
          files.slice(1_999),
        );
        expect(await tracker.counts(TARGET)).toMatchObject({ waiting: 1, oldestWaitingAt: 1_199 });
      }),
      120_000,
    );

    it(
      'counts by status and tells since when the oldest waits',
      withTracker(async (tracker) => {
        const [a, b, c] = threeFiles();
        await tracker.addFiles(TARGET, [a, b, c, fileAt('in/d.csv', 4_000)]);
        expect(await tracker.counts(TARGET)).toEqual({
          waiting: 4,
          superseded: 0,
          quarantined: 0,
          oldestWaitingAt: a.arrivedAt,
        });
        await tracker.putAside(TARGET, [
          { file: a, status: 'quarantined', evidence: evidenceAt(5) },
          { file: b, status: 'superseded', evidence: evidenceAt(6) },
        ]);
        await tracker.markLoaded(TARGET, [c]);
        expect(await tracker.counts(TARGET)).toEqual({
          waiting: 1,
          superseded: 1,
          quarantined: 1,
          oldestWaitingAt: 4_000,
        });
        expect((await tracker.counts(OTHER)).waiting).toBe(0);
      }),
    );
  });

  describe('files that end', () => {
    it(
      'ends waiting files by identity, not by count or by key',
      withTracker(async (tracker) => {
        const first = fileAt('in/a', 1_000, { bytes: 'v1' });
        const rewritten = fileAt('in/a', 2_000, { bytes: 'v2' });
        await tracker.addFiles(TARGET, [first, rewritten]);
        await tracker.markLoaded(TARGET, [first]);
        expect((await tracker.waitingFiles(TARGET, 10)).map(({ file }) => file.id)).toEqual([rewritten.id]);
      }),
    );

    it(
      'marks loaded what it never heard of without making it wait, and twice as once',
      withTracker(async (tracker) => {
        const unknown = fileAt('in/a.csv', 1_000);
        await tracker.markLoaded(TARGET, [unknown]);
        await tracker.markLoaded(TARGET, [unknown, unknown]);
        expect(await tracker.waitingFiles(TARGET, 10)).toEqual([]);
        expect(['loaded', undefined]).toContain(await statusOf(tracker, unknown));
        expect((await tracker.counts(TARGET)).waiting).toBe(0);
      }),
    );

    it(
      'believes receipts over a quarantine, and drops the evidence with the file’s end',
      withTracker(async (tracker) => {
        const file = fileAt('in/a.csv', 1_000);
        await tracker.putAside(TARGET, [{ file, status: 'quarantined', evidence: evidenceAt(5) }]);
        await tracker.markLoaded(TARGET, [file]);
        expect(['loaded', undefined]).toContain(await statusOf(tracker, file));
        expect(await tracker.troubledFiles()).toEqual([]);
        expect((await tracker.counts(TARGET)).quarantined).toBe(0);
      }),
    );

    it(
      'puts files aside with evidence each, known before or not',
      withTracker(async (tracker) => {
        const known = fileAt('in/a.csv', 1_000);
        const unknown = fileAt('in/b.csv', 1_001);
        await tracker.addFiles(TARGET, [known]);
        await tracker.putAside(TARGET, [
          { file: known, status: 'quarantined', evidence: evidenceAt(5, '1207') },
          { file: unknown, status: 'superseded', evidence: evidenceAt(6, 'superseded') },
        ]);
        const found = await tracker.filesById(TARGET, [unknown.id, known.id]);
        expect(found.toSorted((a, b) => a.file.arrivedAt - b.file.arrivedAt)).toEqual([
          { target: TARGET, file: known, status: 'quarantined', evidence: evidenceAt(5, '1207') },
          { target: TARGET, file: unknown, status: 'superseded', evidence: evidenceAt(6, 'superseded') },
        ]);
        expect(await tracker.waitingFiles(TARGET, 10)).toEqual([]);
      }),
    );

    it(
      'leaves a loaded file loaded when a late verdict puts it aside',
      withTracker(async (tracker) => {
        const file = fileAt('in/a.csv', 1_000);
        await tracker.addFiles(TARGET, [file]);
        await tracker.markLoaded(TARGET, [file]);
        if ((await statusOf(tracker, file)) !== 'loaded') return;
        await tracker.putAside(TARGET, [{ file, status: 'quarantined', evidence: evidenceAt(5) }]);
        expect(await statusOf(tracker, file)).toBe('loaded');
        expect(await tracker.troubledFiles()).toEqual([]);
      }),
    );
  });

  describe('trouble', () => {
    it(
      'notes a failure on waiting files only, the last one winning',
      withTracker(async (tracker) => {
        const [a, b, c] = threeFiles();
        await tracker.addFiles(TARGET, [a, b, c]);
        await tracker.markLoaded(TARGET, [c]);
        await tracker.noteFailure(TARGET, [a.id, b.id, c.id, 'f'.repeat(32)], evidenceAt(5, 'first'));
        await tracker.noteFailure(TARGET, [a.id], evidenceAt(6, 'second'));
        const line = await tracker.waitingFiles(TARGET, 10);
        expect(line.map(({ evidence }) => evidence)).toEqual([
          evidenceAt(6, 'second'),
          evidenceAt(5, 'first'),
        ]);
        for (const { evidence } of await tracker.filesById(TARGET, [c.id])) expect(evidence).toBeUndefined();
      }),
    );

    it(
      'leaves the evidence of a quarantine when a failure is noted late',
      withTracker(async (tracker) => {
        const file = fileAt('in/a.csv', 1_000);
        await tracker.putAside(TARGET, [{ file, status: 'quarantined', evidence: evidenceAt(5, 'named') }]);
        await tracker.noteFailure(TARGET, [file.id], evidenceAt(6, 'late'));
        expect((await tracker.filesById(TARGET, [file.id]))[0]?.evidence?.code).toBe('named');
      }),
    );

    it(
      'shows waiting with evidence, quarantined and superseded, newest evidence first, a page of them',
      withTracker(async (tracker) => {
        const [waiting, aside, old] = threeFiles();
        const elsewhere = fileAt('in/x.csv', 1);
        await tracker.addFiles(TARGET, [waiting, aside, old, fileAt('in/fine.csv', 9)]);
        await tracker.noteFailure(TARGET, [waiting.id], evidenceAt(20));
        await tracker.putAside(TARGET, [
          { file: aside, status: 'quarantined', evidence: evidenceAt(40) },
          { file: old, status: 'superseded', evidence: evidenceAt(10) },
        ]);
        await tracker.putAside(OTHER, [{ file: elsewhere, status: 'quarantined', evidence: evidenceAt(30) }]);
        const seen = async (options?: { target?: string; limit?: number }) =>
          (await tracker.troubledFiles(options)).map(({ target, file, status }) => [target, file.id, status]);
        const all = [
          [TARGET, aside.id, 'quarantined'],
          [OTHER, elsewhere.id, 'quarantined'],
          [TARGET, waiting.id, 'waiting'],
          [TARGET, old.id, 'superseded'],
        ];
        expect(await seen()).toEqual(all);
        expect(await seen({ limit: 2 })).toEqual(all.slice(0, 2));
        expect(await seen({ target: TARGET })).toEqual(all.filter(([target]) => target === TARGET));
        expect(await seen({ target: OTHER, limit: 5 })).toEqual(all.slice(1, 2));
      }),
    );

    it(
      'goes through all files with evidence page by page, also those of one instant',
      withTracker(async (tracker) => {
        for (const target of [TARGET, OTHER]) {
          const files = Array.from({ length: 7 }, (_, nth) => fileAt(`in/${nth}.csv`, 1));
          await tracker.putAside(
            target,
            files.map((file, nth) => ({
              file,
              status: 'quarantined',
              evidence: evidenceAt(nth < 5 ? 10 : 20 + nth),
            })),
          );
        }
        for (const scope of [{}, { target: OTHER }]) {
          const all = await tracker.troubledFiles({ ...scope, limit: 100 });
          const paged: TrackedFile[] = [];
          for (;;) {
            const last = paged.at(-1);
            const before = last && {
              at: last.evidence?.at ?? 0,
              id: last.file.id,
              target: last.target,
            };
            const page = await tracker.troubledFiles({ ...scope, limit: 3, ...(before && { before }) });
            paged.push(...page);
            if (page.length < 3) break;
          }
          expect(paged).toEqual(all);
          expect(paged).toHaveLength('target' in scope ? 7 : 14);
        }
      }),
    );

    it(
      'finds the quarantined versions of places, and nothing else',
      withTracker(async (tracker) => {
        const bad = fileAt('in/a', 1_000, { bytes: 'v1' });
        const worse = fileAt('in/a', 1_001, { bytes: 'v2' });
        const old = fileAt('in/a', 1_002, { bytes: 'v3' });
        const good = fileAt('in/a', 1_003, { bytes: 'v4' });
        const other = fileAt('in/b', 1_004);
        const elsewhere = loadFileOf({ bucket: 'pond', key: 'in/a', etag: 'etag-v1', size: 102 }, 1_005);
        expect(await tracker.quarantinedVersions(TARGET, [good])).toEqual([]);
        const evidence = evidenceAt(5);
        await tracker.putAside(TARGET, [
          ...[bad, worse, other, elsewhere].map(
            (file) => ({ file, status: 'quarantined', evidence }) as const,
          ),
          { file: old, status: 'superseded', evidence },
        ]);
        const lane = await tracker.lane(TARGET);
        for (const options of [{}, { lane }]) {
          const found = await tracker.quarantinedVersions(TARGET, [good, fileAt('in/c', 9)], options);
          expect(found.toSorted((a, b) => a.file.arrivedAt - b.file.arrivedAt)).toEqual(
            [bad, worse].map((file) => ({ target: TARGET, file, status: 'quarantined', evidence })),
          );
        }
        expect(await tracker.redrive(TARGET, [bad.id, worse.id], 9_000)).toBe(2);
        expect(await tracker.quarantinedVersions(TARGET, [good])).toEqual([]);
        expect(await tracker.quarantinedVersions(OTHER, [good])).toEqual([]);
        expect(await tracker.quarantinedVersions(TARGET, [])).toEqual([]);
      }),
    );

    it(
      'redrives quarantined files to the end of the line, with their evidence until they end',
      withTracker(async (tracker) => {
        const [aside, old, waiting] = threeFiles();
        await tracker.addFiles(TARGET, [waiting]);
        await tracker.putAside(TARGET, [
          { file: aside, status: 'quarantined', evidence: evidenceAt(5) },
          { file: old, status: 'superseded', evidence: evidenceAt(6) },
        ]);
        const ids = [aside.id, old.id, waiting.id, 'f'.repeat(32), aside.id];
        expect(await tracker.redrive(TARGET, ids, 50_000)).toBe(1);
        expect(await tracker.redrive(TARGET, ids, 60_000)).toBe(0);
        expect(await tracker.redrive(OTHER, ids, 60_000)).toBe(0);
        expect(await tracker.waitingFiles(TARGET, 10)).toEqual([
          { target: TARGET, file: waiting, status: 'waiting' },
          {
            target: TARGET,
            file: { ...aside, arrivedAt: 50_000 },
            status: 'waiting',
            evidence: evidenceAt(5),
          },
        ]);
        expect(await tracker.counts(TARGET)).toMatchObject({ waiting: 2, quarantined: 0, superseded: 1 });
        await tracker.markLoaded(TARGET, [aside]);
        expect((await tracker.troubledFiles()).map(({ file }) => file.id)).toEqual([old.id]);
      }),
    );

    it(
      'pages through what waits and what is quarantined, each once, whatever the page',
      withTracker(async (tracker) => {
        const files = Array.from({ length: 12 }, (_, n) => fileAt(`in/${n}.csv`, 1_000 + (n % 3)));
        await tracker.addFiles(TARGET, files);
        await tracker.addFiles(OTHER, files);
        const [loaded, old, ...others] = files;
        if (loaded === undefined || old === undefined) throw new Error('there are twelve files');
        const aside = others.slice(0, 5);
        await tracker.markLoaded(TARGET, [loaded]);
        await tracker.putAside(TARGET, [
          { file: old, status: 'superseded', evidence: evidenceAt(6) },
          ...aside.map((file) => ({ file, status: 'quarantined', evidence: evidenceAt(7) }) as const),
        ]);
        for (const limit of [1, 2, 5, 100]) {
          const seen: string[] = [];
          let from: string | null = null;
          do {
            const page = await tracker.unfinishedFiles(TARGET, { from, limit });
            expect(page.files.length).toBeLessThanOrEqual(limit);
            seen.push(...page.files.map(({ file, status }) => `${file.id} ${status}`));
            from = page.next;
          } while (from !== null);
          const wanted = others.map(
            (file) => `${file.id} ${aside.includes(file) ? 'quarantined' : 'waiting'}`,
          );
          expect(seen.sort()).toEqual(wanted.sort());
        }
        expect(await tracker.unfinishedFiles('public.none', { from: null, limit: 10 })).toMatchObject({
          files: [],
        });
      }),
    );

    it(
      'forgets what is loaded when it is told to, and takes it as new then',
      withTracker(async (tracker) => {
        const [loaded, aside, waiting] = threeFiles();
        await tracker.addFiles(TARGET, [loaded, aside, waiting]);
        await tracker.markLoaded(TARGET, [loaded]);
        await tracker.putAside(TARGET, [{ file: aside, status: 'quarantined', evidence: evidenceAt(5) }]);
        await tracker.forgetLoaded(TARGET, [loaded.id, aside.id, waiting.id, 'f'.repeat(32)]);
        expect(await tracker.filesById(TARGET, [loaded.id])).toEqual([]);
        expect(await statusOf(tracker, aside)).toBe('quarantined');
        expect(await tracker.addFiles(TARGET, [loaded, aside, waiting])).toEqual([loaded.id]);
        // Not dropped as a late duplicate of what was loaded lately.
        expect((await tracker.waitingFiles(TARGET, 10)).map(({ file }) => file.id)).toEqual([
          loaded.id,
          waiting.id,
        ]);
      }),
    );

    it(
      'shares no state with its callers',
      withTracker(async (tracker) => {
        const file = structuredClone(fileAt('in/a.csv', 1_000));
        await tracker.addFiles(TARGET, [file]);
        Object.assign(file.identity, { key: 'changed' });
        for (const given of await tracker.waitingFiles(TARGET, 1))
          Object.assign(given.file, { arrivedAt: -1 });
        expect((await tracker.waitingFiles(TARGET, 1))[0]?.file).toEqual(fileAt('in/a.csv', 1_000));
      }),
    );
  });
}

function threeFiles(): [LoadFile, LoadFile, LoadFile] {
  return [fileAt('in/a.csv', 1_000), fileAt('in/b.csv', 1_001), fileAt('in/c.csv', 1_002)];
}

async function statusOf(tracker: Tracker, file: LoadFile): Promise<string | undefined> {
  return (await tracker.filesById(TARGET, [file.id]))[0]?.status;
}
