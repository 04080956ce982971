import { LoadError, type StreamEntry } from '@millrace/core';
import { isHashKeyText } from './hash-key.ts';
import { hasKplMagic } from './kpl-format.ts';

const MAX_KEY_CHARACTERS = 256;
/** What wrapping one record adds at most: magic, checksum, a table of one key, lengths. */
const WRAPPING_BYTES = 64;

/** What Kinesis would refuse of an entry, and with it of the whole request that it came in. */
export function faultOfEntry(entry: StreamEntry, maxRecordBytes: number): LoadError | undefined {
  const { partitionKey, explicitHashKey, data } = entry;
  if (partitionKey.length === 0 || partitionKey.length > MAX_KEY_CHARACTERS) {
    return new LoadError(
      'partition-key',
      `a partition key has 1 to ${MAX_KEY_CHARACTERS} characters, this one has ${partitionKey.length}`,
      { hint: 'use something shorter that stands for it: an id, or a hash' },
    );
  }
  if (explicitHashKey !== undefined && !isHashKeyText(explicitHashKey)) {
    return new LoadError(
      'explicit-hash-key',
      `an explicit hash key is a decimal number below 2^128, not '${explicitHashKey.slice(0, 60)}'`,
      { hint: 'leave it out: the partition key chooses the shard then' },
    );
  }
  const wrapping = hasKplMagic(data) ? WRAPPING_BYTES : 0;
  const bytes = data.length + Buffer.byteLength(partitionKey) + wrapping;
  if (bytes <= maxRecordBytes) return undefined;
  return new LoadError(
    'record-too-large',
    `a record of ${bytes} bytes, its key counted, does not go into the stream: it takes ${maxRecordBytes}`,
    { hint: 'put what is large into the object store and its place into the event' },
  );
}
