import { encodeKeptReject, type RejectLine } from '../../event/reject.ts';
import type { RejectRedriveReport, RejectSelection } from '../../ports/event-operations.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { type Consumer, openShard, sealShard, takeRecord } from '../../verbs/consume.ts';
import { isMeant, listRejectFiles, readRejectFile } from './read-rejects.ts';

/**
 * Transforms rejected events again: after a transform, or a table, was mended.
 *
 * An object with rejects is consumed as a shard of its own, to its end: what it becomes, rows and new rejects, is decided by
 * one seal. So nothing is there twice, whoever redrives how often and dies where; not even in a table that is appended to.
 */
export async function redriveRejects(
  consumer: Consumer,
  selection: RejectSelection,
): Promise<RejectRedriveReport> {
  const { objects, control } = consumer;
  const files: ObjectInfo[] = [];
  // What is rejected again is written behind these.
  for await (const file of listRejectFiles(objects, control)) files.push(file);
  let [redriven, rejected] = [0, 0];
  for (const file of files) {
    const lines = await readRejectFile(objects, file);
    if (!lines.some((line) => isMeant(line, selection))) continue;
    const done = await redriveFile(consumer, { file, lines, selection });
    redriven += done.redriven;
    rejected += done.rejected;
    // Its seal is at the end: what it held is elsewhere, or was there before.
    await objects.delete(file, { ifMatch: file.etag });
  }
  return { redriven, rejected };
}

/** Digits of a line's number: their order is that of the text. */
const PLACE_DIGITS = 10;

async function redriveFile(
  consumer: Consumer,
  { file, lines, selection }: { file: ObjectInfo; lines: readonly RejectLine[]; selection: RejectSelection },
): Promise<RejectRedriveReport> {
  const name = file.key.slice(file.key.lastIndexOf('/') + 1);
  const hand = await openShard(consumer, `rejects/${name}`);
  const nothing = { redriven: 0, rejected: 0 };
  // Somebody has redriven it, and died before it was deleted.
  if (hand.isEnded) return nothing;
  let meant = 0;
  let kept = 0;
  for (const [at, line] of lines.entries()) {
    const position = String(at + 1).padStart(PLACE_DIGITS, '0');
    const { shard, arrivedAt, event, base64 = '' } = line;
    const took = { position, arrivedAt: Date.parse(arrivedAt) };
    if (isMeant(line, selection)) {
      meant += 1;
      const data = event === undefined ? Buffer.from(base64, 'base64') : Buffer.from(event);
      const origin = { shard, position: line.position };
      await takeRecord(consumer, hand.buffer, { record: { ...took, partitionKey: name, data }, origin });
    } else {
      kept += 1;
      hand.buffer.keep(took, encodeKeptReject(line));
    }
  }
  const outcome = await sealShard(consumer, hand, { isEnded: true });
  if (outcome.kind !== 'sealed') return nothing;
  const rejects = outcome.rejected - kept;
  return { redriven: meant - rejects, rejected: rejects };
}
