import {
  type Dialect,
  type Lane,
  LoadError,
  type ObjectStore,
  type Statement,
  type StatementBatch,
  type Tracker,
} from '@millrace/core';
import { GROUPED_LANES, type LaneKind, PARTITIONED_LANES, REPLACED_LANES } from './lane-kind.ts';
import { override } from './override.ts';

/** What keeps Millrace's promises, piece by piece: each can be taken away, to see who notices. */
export const MECHANISMS = {
  guard: 'the statement that makes a transaction fail which its receipts forbid',
  'lane-lock': 'the lock that a load transaction takes',
  void: 'the receipt that forbids an abandoned attempt to commit',
  receipts: 'the receipts that a load writes in its own transaction',
  fence: 'the number that grows with every claim',
  'conditional-claim': "the condition on the lane's version",
  arrivals: 'the condition on arrivals when a lane goes idle',
  wakes: 'the messages that wake a lane',
  'lease-expiry': 'the end of a lease',
  sweeper: 'the look at every lane, every minute',
  lister: 'the listing of what is there',
  'deterministic-token': 'the token that is the same for the same attempt',
  'receipts-before-settle': 'files end before their lane moves on',
  'identity-deletes': 'files end by identity, not by count',
  mandatory: 'mandatory entries of a manifest',
  'etag-comparison': 'the comparison of ETags before a job is submitted',
  'old-rows': 'the deletion of the rows that a replacement takes the place of',
  'old-receipts': 'the deletion of their receipts',
  'old-versions': 'the tracker forgets the versions that were replaced',
  'partition-rows': 'the deletion of the rows of a partition that is replaced',
  'partition-receipts': 'the deletion of the receipts of its files',
  'partition-guard': 'the statement that refuses a partition that was replaced, or an attempt that is void',
  'whole-seals': 'the marks that name all files of a seal, without which the half of one is loaded',
} as const;

export type Mechanism = keyof typeof MECHANISMS;

/** What lanes have to be like for a mechanism to be of use; by chance where nothing is said. */
export const LANES_OF: Readonly<Partial<Record<Mechanism, readonly LaneKind[]>>> = {
  'old-rows': REPLACED_LANES,
  'old-receipts': REPLACED_LANES,
  'old-versions': REPLACED_LANES,
  'partition-rows': PARTITIONED_LANES,
  'partition-receipts': PARTITIONED_LANES,
  'partition-guard': PARTITIONED_LANES,
  'whole-seals': GROUPED_LANES,
};

export function isMechanism(name: string): name is Mechanism {
  return Object.hasOwn(MECHANISMS, name);
}

const NOTHING: Statement = { kind: 'limit-time', ms: 0 };

/** The dialect as it renders plans that lack the mechanism. */
export function withoutInDialect(dialect: Dialect, without: Mechanism | null): Dialect {
  const kind = {
    guard: 'guard-receipts',
    'lane-lock': 'lock-lane',
    void: 'record-void',
    receipts: 'record-receipts',
    'old-rows': 'delete-job-rows',
    'old-receipts': 'delete-job-receipts',
    'partition-rows': 'delete-partition-rows',
    'partition-receipts': 'delete-partition-receipts',
    'partition-guard': 'guard-partition',
  };
  const missing = Object.hasOwn(kind, without ?? '') ? kind[without as keyof typeof kind] : null;
  if (missing === null) return dialect;
  return {
    name: dialect.name,
    maxStatementBytes: dialect.maxStatementBytes,
    maxStatements: dialect.maxStatements,
    render: (statement) => dialect.render(statement.kind === missing ? NOTHING : statement),
  };
}

export function withoutInBatch(
  batch: StatementBatch,
  without: Mechanism | null,
  chance: () => string,
): StatementBatch {
  return without === 'deterministic-token' ? { ...batch, clientToken: chance() } : batch;
}

/** The store as verbs that do not compare ETags would see it; and as it keeps manifests whose entries may be missing. */
export function withoutInObjects(objects: ObjectStore, without: Mechanism | null): ObjectStore {
  if (without === 'whole-seals') {
    return override(objects, {
      read: async (at, options) => {
        if (!at.key.includes('/lots/')) return objects.read(at, options);
        throw new LoadError('object-gone', `${at.key} is not there`, { class: 'gone' });
      },
    });
  }
  if (without !== 'mandatory' && without !== 'etag-comparison') return objects;
  return override(objects, {
    head: async (at) => {
      const info = await objects.head(at);
      const isAsked = without === 'etag-comparison' && 'etag' in at && typeof at.etag === 'string';
      return info !== undefined && isAsked ? { ...info, etag: String(at.etag) } : info;
    },
    write: (at, body, options) => {
      const isManifest =
        without === 'mandatory' && typeof body === 'string' && at.key.endsWith('-manifest.json');
      return objects.write(
        at,
        isManifest ? body.replaceAll('"mandatory":true', '"mandatory":false') : body,
        options,
      );
    },
  });
}

/** The tracker as it would be without the mechanism. */
export function withoutInTracker(tracker: Tracker, without: Mechanism | null): Tracker {
  if (without === null) return tracker;
  /** Ends of files that wait for their lane's next transition. */
  const late = new Map<string, (() => Promise<void>)[]>();
  const leased = (lane: Lane): Lane => {
    const { state } = lane;
    const isLeased = state.kind === 'submitting' || state.kind === 'running';
    if (without !== 'lease-expiry' || !isLeased) return lane;
    return { ...lane, state: { ...state, leaseUntil: Number.MAX_SAFE_INTEGER } };
  };
  return override(tracker, {
    lane: async (target) => leased(await tracker.lane(target)),
    lanes: async () => (await tracker.lanes()).map(leased),
    forgetLoaded: async (target, ids) => {
      if (without !== 'old-versions') await tracker.forgetLoaded(target, ids);
    },
    markLoaded: async (target, files) => {
      if (without === 'identity-deletes') {
        const oldest = await tracker.waitingFiles(target, files.length);
        return tracker.markLoaded(
          target,
          oldest.map(({ file }) => file),
        );
      }
      if (without !== 'receipts-before-settle') return tracker.markLoaded(target, files);
      late.set(target, [...(late.get(target) ?? []), () => tracker.markLoaded(target, files)]);
    },
    putLane: async (lane, options) => {
      const { target } = lane;
      let next = lane;
      if (without === 'conditional-claim') next = { ...lane, version: (await tracker.lane(target)).version };
      if (without === 'fence') next = { ...next, fence: Math.min(next.fence, 1) };
      const isPut = await tracker.putLane(next, without === 'arrivals' ? {} : options);
      for (const end of late.get(target) ?? []) await end();
      late.delete(target);
      return isPut;
    },
  });
}
