import type { ConfigProblem } from './config-error.ts';
import type { documentSchema } from './config-schema.ts';
import { parseDuration } from './duration.ts';
import type { EventConfig } from './event-config.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { joinEvents, type ReadEvents } from './read-events.ts';
import type { ReadFields } from './read-fields.ts';
import { parseSize } from './size.ts';

/** The other half of a table's freshness is for its load. */
const SHARE_OF_FRESHNESS = 0.5;

/** @returns null when the configuration has no events */
export function readEventConfig(
  fields: ReadFields<typeof documentSchema>,
  events: ReadEvents,
  {
    targets,
    known,
    problems,
  }: {
    targets: ReadonlyMap<string, ConfiguredTarget>;
    /** Names under `targets`, those of wrong ones too. */
    known: ReadonlySet<string>;
    problems: ConfigProblem[];
  },
): EventConfig | null {
  const { stream, consumer } = fields;
  if (fields.events === undefined || stream === undefined || consumer === undefined) return null;
  const transforms = joinEvents(events, targets, { problems, known });
  const chunkBytes = parseSize(consumer.chunkBytes);
  const maxBytes = parseSize(consumer.maxBytes);
  if (maxBytes < chunkBytes) {
    problems.push({
      path: ['consumer', 'maxBytes'],
      message: `'${consumer.maxBytes}' is less than 'chunkBytes' (${consumer.chunkBytes})`,
      hint: 'all tables together cannot hold less than one of them',
    });
  }
  const freshness = Math.min(...[...targets.values()].map(({ batching }) => batching.freshnessMs));
  const maxAgeMs =
    consumer.maxAge === undefined
      ? Math.round(Math.min(freshness, 60_000) * SHARE_OF_FRESHNESS)
      : parseDuration(consumer.maxAge);
  const { kind } = stream;
  return {
    transforms,
    stream:
      kind === 'embedded'
        ? { kind, path: stream.path, shards: stream.shards, retentionMs: parseDuration(stream.retention) }
        : { kind, name: stream.name, region: stream.region, endpoint: stream.endpoint },
    producer: fields.producer ?? {},
    consumer: { maxAgeMs, chunkBytes, maxBytes, compression: consumer.compression },
  };
}
