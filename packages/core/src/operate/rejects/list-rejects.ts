import type { RejectReport, RejectSelection } from '../../ports/event-operations.ts';
import type { ObjectRef, ObjectStore } from '../../ports/object-store.ts';
import { isMeant, listRejectFiles, readRejectFile, toEntry } from './read-rejects.ts';

/** As many as one answer can have. */
const MAX_ENTRIES = 5_000;

/** The events that became no rows and were not redriven, oldest first. @throws LoadError `rejects-damaged` */
export async function listRejects(
  { objects, control }: { objects: ObjectStore; control: ObjectRef },
  selection: RejectSelection,
): Promise<RejectReport> {
  const entries: RejectReport['entries'][number][] = [];
  for await (const file of listRejectFiles(objects, control)) {
    for (const line of await readRejectFile(objects, file)) {
      if (!isMeant(line, selection)) continue;
      if (entries.length >= MAX_ENTRIES) return { entries, hasMore: true };
      entries.push(toEntry(line, file));
    }
  }
  return { entries, hasMore: false };
}
