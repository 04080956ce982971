import type { Transforms } from '../event/apply-transforms.ts';

/** Where events wait. */
export type StreamPlace =
  | {
      readonly kind: 'embedded';
      readonly path: string;
      readonly shards: number;
      readonly retentionMs: number;
    }
  | {
      readonly kind: 'kinesis';
      readonly name: string;
      readonly region?: string | undefined;
      readonly endpoint?: string | undefined;
    };

/** What a configuration says of events. */
export interface EventConfig {
  readonly transforms: Transforms;
  readonly stream: StreamPlace;
  /** What is said to whoever takes events over HTTP, as it is written: it alone knows what it means. */
  readonly producer: Readonly<Record<string, unknown>>;
  readonly consumer: {
    /** How long an event may wait for others before its rows are written down. */
    readonly maxAgeMs: number;
    /** Of one table, before packing. */
    readonly chunkBytes: number;
    /** Over all tables. */
    readonly maxBytes: number;
    readonly compression: 'none' | 'gzip' | 'zstd';
  };
}
