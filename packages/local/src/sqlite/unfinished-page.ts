import type { UnfinishedFiles } from '@millrace/core';
import { toTrackedFile } from './tracker-rows.ts';
import type { TrackerStatements } from './tracker-statements.ts';

/** Where a page begins: in the line, or among what was put aside, after the row with these values. */
type Position = readonly ['line', number, string, string] | readonly ['aside', number, number];

const START: Position = ['line', -1, '', ''];
const START_ASIDE: Position = ['aside', -1, -1];

/**
 * One page of the line, or, behind its end, of what was quarantined: each by the index that has it in order, so that a page
 * costs the same whatever the target has loaded in its life.
 */
export function pageUnfinished(
  statements: TrackerStatements,
  { target, targetId, from, limit }: { target: string; targetId: number; from: string | null; limit: number },
): UnfinishedFiles {
  const position: Position = from === null ? START : (JSON.parse(from) as Position);
  const [part, ...values] = position;
  const statement = part === 'line' ? statements.waitingAfter : statements.quarantinedAfter;
  const rows = statement.all(targetId, ...values, limit);
  const files = rows.map((row) => toTrackedFile(target, row));
  const [lastRow, last] = [rows.at(-1), files.at(-1)?.file];
  if (lastRow === undefined || last === undefined || rows.length < limit) {
    return { files, next: part === 'line' ? JSON.stringify(START_ASIDE) : null };
  }
  const next: Position =
    part === 'line'
      ? ['line', last.arrivedAt, last.identity.key, last.id]
      : ['aside', Number(lastRow.evidenceAt), Number(lastRow.seq)];
  return { files, next: JSON.stringify(next) };
}
