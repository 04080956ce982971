import {
  announceSeals,
  type EventStatus,
  type EventTypeStatus,
  type Loader,
  listRejects,
  type MillraceConfig,
  RejectCounts,
  type RejectPage,
  type RejectRedriveReport,
  type RejectReport,
  type RejectSelection,
  redriveRejects,
  type Seals,
  type ShardLag,
  type Transforms,
  type TypeTally,
} from '@millrace/core';
import { consumerOf, eventsMissing, eventsOf } from './open-consumer.ts';
import { openStreamReader, streamNameOf } from './open-event-stream.ts';
import { openTableChecks } from './open-table-checks.ts';

/** What a process has consumed, by type. */
export interface ConsumedTypes {
  readonly since: number;
  readonly tallies: readonly TypeTally[];
}

/** What a process has of the events of its configuration. */
export interface EventAccess {
  /** Does something with the seals, while nothing is announced. */
  withSeals<T>(body: (seals: Seals) => Promise<T>): Promise<T>;
  /** How far behind this process is; undefined: it consumes nothing. */
  lags(): readonly ShardLag[] | undefined;
  /** What this process has consumed; undefined: it consumes nothing. */
  consumed(): ConsumedTypes | undefined;
}

export interface EventDeskOptions {
  /** Undefined: the configuration has no events. */
  readonly access: EventAccess | undefined;
  readonly directory: string;
  readonly onError: (where: string, error: unknown) => void;
}

/** Answers what people ask about events, and redrives those that were rejected. */
export class EventDesk {
  readonly #config: MillraceConfig;
  readonly #loader: Loader;
  readonly #options: EventDeskOptions;
  readonly #counts: RejectCounts;

  constructor(config: MillraceConfig, loader: Loader, options: EventDeskOptions) {
    this.#config = config;
    this.#loader = loader;
    this.#options = options;
    this.#counts = new RejectCounts(loader.objects, config.control);
  }

  /** Nothing where there are no events. */
  async status(): Promise<{ readonly events?: EventStatus }> {
    const { access } = this.#options;
    if (access === undefined) return {};
    const shards = access.lags() ?? (await this.#askLags(access));
    const rejects = await this.#counts.read();
    const events = eventsOf(this.#config);
    const consumed = access.consumed();
    const countedSince = consumed === undefined ? null : new Date(consumed.since).toISOString();
    const types = typesOf(events.transforms, consumed?.tallies ?? []);
    return { events: { stream: streamNameOf(events), shards, countedSince, types, rejects } };
  }

  async rejects(selection: RejectSelection, page?: RejectPage): Promise<RejectReport> {
    if (this.#options.access === undefined) return { entries: [], hasMore: false, next: null };
    const { objects } = this.#loader;
    return listRejects({ objects, control: this.#config.control }, selection, page);
  }

  /** @returns the targets that were handed chunks, too. @throws LoadError `events-missing` */
  async redriveRejects(
    selection: RejectSelection,
  ): Promise<{ report: RejectRedriveReport; targets: ReadonlySet<string> }> {
    const config = this.#config;
    const { access, onError } = this.#options;
    if (access === undefined) throw eventsMissing();
    const { objects, now, warehouse } = this.#loader;
    return access.withSeals(async (seals) => {
      const checks = openTableChecks(config, { warehouse, now, onError });
      const report = await redriveRejects(consumerOf(config, { seals, objects, checks, now }), selection);
      const { targets } = await announceSeals(this.#loader, {
        seals,
        stream: streamNameOf(eventsOf(config)),
      });
      return { report, targets };
    });
  }

  /** Another process consumes: the age of the first event behind each seal tells how far it is. */
  async #askLags(access: EventAccess): Promise<readonly ShardLag[]> {
    const { directory, onError } = this.#options;
    const events = eventsOf(this.#config);
    const { stream, close } = await openStreamReader(events, { directory, onError });
    try {
      return await access.withSeals(async (seals) => {
        const lags: ShardLag[] = [];
        for (const { id } of await stream.shards()) {
          const { position, isEnded } = await seals.seal(streamNameOf(events), id);
          if (isEnded) continue;
          const { records } = await stream.read(id, { after: position, maxRecords: 1 });
          const [oldest] = records;
          const millisBehindLatest =
            oldest === undefined ? 0 : Math.max(0, this.#loader.now() - oldest.arrivedAt);
          lags.push({ shard: id, millisBehindLatest });
        }
        return lags;
      });
    } finally {
      await close();
    }
  }
}

/** Each type that a transform takes, also when none came; then what none takes. */
function typesOf(transforms: Transforms, tallies: readonly TypeTally[]): readonly EventTypeStatus[] {
  const byType = new Map(tallies.map((tally) => [tally.type, tally]));
  const types: EventTypeStatus[] = [...transforms.mappings].map(([type, mapping]) => ({
    type,
    becomes: mapping?.rows.map(({ target, names }) => ({ target, columns: names })) ?? null,
    ...countsOf(byType.get(type)),
  }));
  const others = byType.get(null);
  return others === undefined ? types : [...types, { type: null, becomes: null, ...countsOf(others) }];
}

function countsOf(tally: TypeTally | undefined): Pick<EventTypeStatus, 'consumed' | 'rejected' | 'rows'> {
  const { consumed = 0, rejected = 0, rows = [] } = tally ?? {};
  return { consumed, rejected, rows: Object.fromEntries(rows) };
}
