import {
  type AlertChannel,
  type Alerts,
  LoadError,
  NO_TROUBLE,
  type TellReport,
  tellAlerts,
} from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { ToyLanes } from './toy-lanes.ts';

/** Several workers over one book of what was told. In virtual time. */

const T = 'public.a';
const MINUTE_MS = 60_000;

/** A channel that remembers, and fails as it is told. */
class Spy implements Alerts {
  readonly said: string[] = [];
  fails = false;
  before: () => Promise<void> = async () => {};

  async raise({ key, severity }: { key: string; severity: string }): Promise<void> {
    await this.#say(`raise ${key} ${severity}`);
  }

  async recover({ key }: { key: string }): Promise<void> {
    await this.#say(`recover ${key}`);
  }

  async #say(text: string): Promise<void> {
    await this.before();
    if (this.fails) throw new LoadError('alert-undelivered', 'nobody took it', { class: 'transient' });
    this.said.push(text);
  }
}

function channel(name: string, alerts: Alerts): AlertChannel {
  return { name, from: 'info', alerts };
}

async function quarantine(toy: ToyLanes): Promise<void> {
  await toy.put(T, 'bad.csv');
  const [file] = await toy.tracker.waitingFiles(T, 1);
  const evidence = { code: '1207', reason: 'Invalid digit', at: toy.now };
  if (file) await toy.tracker.putAside(T, [{ file: file.file, status: 'quarantined', evidence }]);
}

const tell = (toy: ToyLanes, channels: readonly AlertChannel[], withinMs = MINUTE_MS): Promise<TellReport> =>
  tellAlerts(toy.loader, { channels, site: 'dev', trouble: NO_TROUBLE, withinMs });

const RAISED = `raise files-quarantined/${T} warning`;
const lanes = (): ToyLanes => new ToyLanes({ targets: [T], startAt: Date.UTC(2026, 10, 21) });

describe('of several workers', () => {
  it('that look at the same time one tells', async () => {
    const toy = lanes();
    await quarantine(toy);
    const spy = new Spy();
    const reports = await Promise.all([1, 2, 3, 4].map(() => tell(toy, [channel('a', spy)])));
    expect(spy.said).toEqual([RAISED]);
    expect(reports.map(({ told }) => told.length).sort()).toEqual([0, 0, 0, 1]);
  });

  it('the others wait for one that is telling, and go on in its place when it died', async () => {
    const toy = lanes();
    await quarantine(toy);
    const [dead, spy] = [new Spy(), new Spy()];
    dead.before = () => new Promise(() => {});
    void tell(toy, [channel('a', dead)]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await tell(toy, [channel('a', spy)])).toEqual({ told: [], undelivered: [], left: 1 });
    toy.now += 3 * MINUTE_MS;
    await tell(toy, [channel('a', spy)]);
    expect(spy.said).toEqual([RAISED]);
  });

  it('each finds what another has told, in a book that does not grow', async () => {
    const toy = lanes();
    await quarantine(toy);
    const spy = new Spy();
    for (let nth = 0; nth < 5; nth += 1) {
      await tell(toy, [channel('a', spy)]);
      const [file] = await toy.tracker.troubledFiles();
      if (file) await toy.tracker.redrive(T, [file.file.id], toy.now);
      await tell(toy, [channel('a', spy)]);
      if (file)
        await toy.tracker.putAside(T, [
          { ...file, status: 'quarantined', evidence: { code: 'x', reason: '', at: 0 } },
        ]);
    }
    expect(spy.said).toEqual(
      Array.from({ length: 5 }, () => [RAISED, `recover files-quarantined/${T}`]).flat(),
    );
    const kept = [];
    for await (const { key } of toy.objects.list({ bucket: 'millrace', prefix: 'alerts/' })) kept.push(key);
    expect(kept).toHaveLength(1);
  });
});

describe('a channel that fails', () => {
  it('keeps nothing from the others, and is told later', async () => {
    const toy = lanes();
    await quarantine(toy);
    const [bad, good] = [new Spy(), new Spy()];
    bad.fails = true;
    const channels = [channel('bad', bad), channel('good', good)];
    const { undelivered } = await tell(toy, channels);
    expect(undelivered.map(({ notice }) => notice.channel)).toEqual(['bad']);
    expect(good.said).toEqual([RAISED]);
    bad.fails = false;
    await tell(toy, channels);
    expect([bad.said, good.said]).toEqual([[RAISED], [RAISED]]);
  });

  it('is given up for the turn after one try, and nothing begins too late', async () => {
    const toy = lanes();
    await quarantine(toy);
    const trouble = { ...NO_TROUBLE, listing: { since: toy.now, reason: 'access denied' } };
    const options = { site: 'dev', trouble, withinMs: MINUTE_MS };
    const [bad, slow] = [new Spy(), new Spy()];
    bad.fails = true;
    slow.before = async () => {
      toy.now += 2 * MINUTE_MS;
    };
    const report = await tellAlerts(toy.loader, { ...options, channels: [channel('bad', bad)] });
    expect(report).toMatchObject({ told: [], undelivered: [{}], left: 2 });
    await tellAlerts(toy.loader, { ...options, channels: [channel('slow', slow)] });
    expect(slow.said).toEqual([RAISED]);
  });
});

describe('a channel that hangs', () => {
  it('keeps neither what is to be told now from the others, nor what comes meanwhile', async () => {
    const toy = lanes();
    await quarantine(toy);
    const [hanging, prompt] = [new Spy(), new Spy()];
    let answer = (): void => undefined;
    hanging.before = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const channels = [channel('hanging', hanging), channel('prompt', prompt)];
    const first = tell(toy, channels);
    await until(() => prompt.said.length > 0);
    const [file] = await toy.tracker.troubledFiles();
    if (file) await toy.tracker.redrive(T, [file.file.id], toy.now);
    await until(async () => (await tell(toy, channels)).told.length > 0);
    expect(prompt.said).toEqual([RAISED, `recover files-quarantined/${T}`]);
    expect(hanging.said).toEqual([]);
    hanging.before = async () => {};
    answer();
    await first;
    // What was noted down meanwhile is not lost by it, nor told again.
    await tell(toy, channels);
    expect(hanging.said).toEqual([RAISED, `recover files-quarantined/${T}`]);
    expect(prompt.said).toHaveLength(2);
  });
});

describe('a lane that cannot be looked at', () => {
  it('is told when workers that each looked once have found it so for a minute', async () => {
    const toy = lanes();
    const spy = new Spy();
    const look = (isBroken: boolean): Promise<TellReport> => {
      const broken = new Map(isBroken ? [[T, { since: toy.now, times: 1, reason: 'it is gone' }]] : []);
      const trouble = { ...NO_TROUBLE, broken };
      return tellAlerts(toy.loader, { channels: [channel('a', spy)], site: 'dev', trouble, withinMs: 1_000 });
    };
    for (const isBroken of [true, false, true]) {
      await look(isBroken);
      toy.now += MINUTE_MS;
    }
    expect(spy.said).toEqual([]);
    await look(true);
    await look(true);
    expect(spy.said).toEqual([`raise lane-broken/${T} error`]);
  });
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let nth = 0; nth < 200; nth += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('not within a second');
}
