import type { TrackedFile } from '../file/load-file.ts';
import type { EvidencePlace } from '../ports/tracker.ts';

/** A page of files with evidence, for trackers that have them in no order: the newest first, behind `before`. */
export function orderTroubled(
  files: readonly TrackedFile[],
  { before, limit }: { readonly before?: EvidencePlace | undefined; readonly limit: number },
): readonly TrackedFile[] {
  return files
    .map((file) => ({ file, place: { at: file.evidence?.at ?? 0, id: file.file.id, target: file.target } }))
    .filter(({ place }) => before === undefined || compare(place, before) > 0)
    .sort(({ place }, { place: other }) => compare(place, other))
    .slice(0, limit)
    .map(({ file }) => file);
}

function compare(one: EvidencePlace, other: EvidencePlace): number {
  if (one.at !== other.at) return other.at - one.at;
  if (one.id !== other.id) return one.id > other.id ? -1 : 1;
  if (one.target === other.target) return 0;
  return one.target > other.target ? -1 : 1;
}
