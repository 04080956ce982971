import { resolve } from 'node:path';
import { awsClientOptions } from '@millrace/aws/client';
import type { KinesisStream } from '@millrace/aws/kinesis';
import type { EventConfig, Stream, StreamReader } from '@millrace/core';
import { EmbeddedStream, EmbeddedStreamReader } from '@millrace/local';

export interface OpenedStream<End> {
  readonly stream: End;
  close(): Promise<void>;
}

export interface OpenStreamOptions {
  /** Hears of every record that Kinesis has stored. A stream in a folder tells nothing. */
  readonly onStored?: ConstructorParameters<typeof KinesisStream>[1]['onStored'];
  /** What relative paths of the configuration are relative to. */
  readonly directory: string;
  readonly onError: (where: string, error: unknown) => void;
}

/** What seals and messages call the stream. */
export function streamNameOf({ stream }: EventConfig): string {
  return stream.kind === 'embedded' ? 'embedded' : stream.name;
}

/**
 * Opens a configuration's stream for writing and reading.
 *
 * @throws LoadError `state-in-use` when it is a folder and another process writes it
 */
export async function openEventStream(
  { stream: place }: EventConfig,
  { directory, onError, onStored }: OpenStreamOptions,
): Promise<OpenedStream<Stream>> {
  if (place.kind === 'kinesis') return openKinesis(place, onStored);
  const { shards, retentionMs } = place;
  const stream = await EmbeddedStream.open(resolve(directory, place.path), {
    shards,
    retentionMs,
    onError: (error) => onError('stream', error),
  });
  return { stream, close: () => stream.close() };
}

/** Opens a configuration's stream for reading: beside whoever writes it. */
export async function openStreamReader(
  { stream: place }: EventConfig,
  { directory }: OpenStreamOptions,
): Promise<OpenedStream<StreamReader>> {
  if (place.kind === 'kinesis') return openKinesis(place);
  const stream = new EmbeddedStreamReader(resolve(directory, place.path));
  return { stream, close: () => stream.close() };
}

async function openKinesis(
  place: Extract<EventConfig['stream'], { kind: 'kinesis' }>,
  onStored?: OpenStreamOptions['onStored'],
): Promise<OpenedStream<Stream>> {
  // Only now: who works on one machine does not load the AWS SDK.
  const [{ KinesisClient }, { KinesisStream: Opened }] = await Promise.all([
    import('@aws-sdk/client-kinesis'),
    import('@millrace/aws/kinesis'),
  ]);
  const client = new KinesisClient(awsClientOptions(place));
  const stream = new Opened(client, {
    streamName: place.name,
    ...(onStored === undefined ? {} : { onStored }),
  });
  return {
    stream,
    close: async () => {
      await stream.close();
      client.destroy();
    },
  };
}
