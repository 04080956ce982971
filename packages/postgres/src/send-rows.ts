import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** Bytes that may wait for the socket before reading pauses. */
const BUFFERED_BYTES = 1024 * 1024;

/**
 * Runs a `COPY … FROM STDIN` with these rows. Reading keeps the pace of the server.
 *
 * @returns how many rows the server took.
 * @throws what the rows throw, after the server has been told to give up the COPY; what the server says
 */
export async function sendRows(
  client: ClientBase,
  command: string,
  rows: AsyncIterable<Buffer>,
): Promise<number> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  // It is looked at below, and may be rejected before.
  ended.catch(() => undefined);
  const stream = client.query(copyFrom(command, { highWaterMark: BUFFERED_BYTES }));
  let hasServerFailed = false;
  stream.once('finish', resolve);
  stream.on('error', (error: unknown) => {
    hasServerFailed = true;
    reject(error);
  });
  try {
    for await (const bytes of rows) {
      if (hasServerFailed) break;
      if (stream.write(bytes)) continue;
      const { promise: drained, resolve: drain } = Promise.withResolvers<void>();
      stream.once('drain', drain);
      await Promise.race([drained, ended]);
    }
    if (!hasServerFailed) stream.end();
    await ended;
  } catch (error) {
    // A stream whose server has failed has nobody to tell.
    if (!hasServerFailed) {
      stream.removeAllListeners('error');
      stream.on('error', () => resolve());
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    throw error;
  }
  return stream.rowCount;
}
