import { rejectsFolderOf } from '../../event/chunk-key.ts';
import type { RejectLine } from '../../event/reject.ts';
import { urlOf } from '../../file/identity.ts';
import type { RejectEntry, RejectSelection } from '../../ports/event-operations.ts';
import type { ObjectInfo, ObjectRef, ObjectStore } from '../../ports/object-store.ts';
import { LoadError } from '../../recover/load-error.ts';

/** The objects with rejected events, oldest first. */
export function listRejectFiles(
  objects: ObjectStore,
  control: ObjectRef,
  { after }: { after?: string } = {},
): AsyncIterable<ObjectInfo> {
  const { bucket, key: prefix } = rejectsFolderOf(control);
  return objects.list({ bucket, prefix, ...(after === undefined ? {} : { startAfter: after }) });
}

/**
 * The lines of an object with rejected events. Empty when it is gone: it was redriven meanwhile.
 *
 * @throws LoadError `rejects-damaged`
 */
export async function readRejectFile(
  objects: ObjectStore,
  file: Pick<ObjectInfo, 'bucket' | 'key' | 'etag'>,
): Promise<readonly RejectLine[]> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of await objects.read(file, { ifMatch: file.etag })) parts.push(part);
  } catch (error) {
    if (error instanceof LoadError && (error.code === 'object-gone' || error.code === 'object-changed'))
      return [];
    throw error;
  }
  const lines = Buffer.concat(parts).toString('utf8').split('\n');
  return lines.flatMap((line, at) =>
    line === '' ? [] : [readLine(line, { url: urlOf(file), number: at + 1 })],
  );
}

function readLine(text: string, { url, number }: { url: string; number: number }): RejectLine {
  try {
    return withEvent(JSON.parse(text) as RejectLine);
  } catch (cause) {
    throw new LoadError('rejects-damaged', `line ${number} of ${url} is not what a consumer wrote`, {
      class: 'config',
      hint: 'correct the line, or move the object away: its events are not redriven then',
      cause,
    });
  }
}

/** Id and type stand in the line, or in the event that it holds. */
function withEvent(line: RejectLine): RejectLine {
  if (line.id !== undefined || line.event === undefined) return line;
  try {
    const { id, type } = JSON.parse(line.event) as Readonly<Record<string, unknown>>;
    return typeof id === 'string' && typeof type === 'string' ? { ...line, id, type } : line;
  } catch {
    // It may have been rejected for being no JSON.
    return line;
  }
}

/** Whether a selection means a rejected event. */
export function isMeant(line: RejectLine, selection: RejectSelection): boolean {
  const { type, code, target, ids, since, until } = selection;
  const arrivedAt = Date.parse(line.arrivedAt);
  return (
    (type === undefined || line.type === type) &&
    (code === undefined || line.code === code) &&
    (target === undefined || line.target === target) &&
    (ids === undefined || (line.id !== undefined && ids.includes(line.id))) &&
    (since === undefined || arrivedAt >= since) &&
    (until === undefined || arrivedAt < until)
  );
}

export function toEntry(line: RejectLine, file: ObjectRef): RejectEntry {
  const { id = null, type = null, target = null, code, reason, arrivedAt, shard, position } = line;
  return { id, type, target, code, reason, at: arrivedAt, shard, position, url: urlOf(file) };
}
