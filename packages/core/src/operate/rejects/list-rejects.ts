import { rejectsFolderOf } from '../../event/chunk-key.ts';
import type { RejectPage, RejectReport, RejectSelection } from '../../ports/event-operations.ts';
import type { ObjectRef, ObjectStore } from '../../ports/object-store.ts';
import { LoadError } from '../../recover/load-error.ts';
import { isMeant, listRejectFiles, readRejectFile, toEntry } from './read-rejects.ts';

/** As many as one answer can have. */
const MAX_ENTRIES = 5_000;
/** Objects that are read for one page: a selection that few pass is answered by pages that are short, or empty. */
const MAX_FILES = 500;

/** The name of an object, and how many of its lines are behind us. */
interface Place {
  readonly name: string;
  readonly lines: number;
}

/**
 * The events that became no rows and were not redriven, oldest first. An object that was redriven meanwhile is passed over.
 *
 * @throws LoadError `rejects-damaged`, `invalid-cursor`
 */
export async function listRejects(
  { objects, control }: { objects: ObjectStore; control: ObjectRef },
  selection: RejectSelection,
  { cursor = null, limit }: RejectPage = {},
): Promise<RejectReport> {
  const size = Math.min(Math.max(1, limit ?? MAX_ENTRIES), MAX_ENTRIES);
  const from = cursor === null ? undefined : readCursor(cursor);
  const { key: folder } = rejectsFolderOf(control);
  const entries: RejectReport['entries'][number][] = [];
  let files = 0;
  // A listing begins behind what it is given, and the object itself may have lines left: so from a name before it.
  const after = from === undefined ? {} : { after: `${folder}${from.name.slice(0, -1)}` };
  for await (const file of listRejectFiles(objects, control, after)) {
    const name = file.key.slice(folder.length);
    if (from !== undefined && name < from.name) continue;
    // Without a limit the answer is whole, however long it takes.
    if (limit !== undefined && files === MAX_FILES) return pageOf(entries, { name, lines: 0 });
    files += 1;
    const lines = await readRejectFile(objects, file);
    const first = from?.name === name ? from.lines : 0;
    for (const [at, line] of lines.entries()) {
      if (at < first || !isMeant(line, selection)) continue;
      if (entries.length === size) return pageOf(entries, { name, lines: at });
      entries.push(toEntry(line, file));
    }
  }
  return { entries, hasMore: false, next: null };
}

function pageOf(entries: RejectReport['entries'], { name, lines }: Place): RejectReport {
  return { entries, hasMore: true, next: `${lines}.${name}` };
}

function readCursor(cursor: string): Place {
  const [, lines, name] = /^(\d{1,9})\.([\w.-]{1,200})$/u.exec(cursor) ?? [];
  if (lines !== undefined && name !== undefined) return { name, lines: Number(lines) };
  throw new LoadError('invalid-cursor', `'${cursor.slice(0, 60)}' is not where a page of rejects ends`, {
    class: 'usage',
    hint: 'begin again without a cursor',
  });
}
