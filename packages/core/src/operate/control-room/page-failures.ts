import type { TrackedFile } from '../../file/load-file.ts';
import type { FailurePage, FailurePageRequest } from '../../ports/control-room.ts';
import type { EvidencePlace } from '../../ports/tracker.ts';
import { LoadError } from '../../recover/load-error.ts';
import type { Loader } from '../../verbs/loader.ts';
import { toFailureEntry } from '../list-failures.ts';

const MAX_PAGE = 500;
/** Files that are looked at for one page, so that a filter which few pass does not keep the process from its work. */
const MAX_LOOKED = 5_000;
const STEP = 500;

/**
 * One page of what failed, newest first: a page costs the same however many files are in quarantine.
 *
 * @throws LoadError `invalid-cursor`
 */
export async function pageFailures(loader: Loader, request: FailurePageRequest): Promise<FailurePage> {
  const { target, cursor } = request;
  const limit = Math.min(Math.max(1, request.limit), MAX_PAGE);
  const found: TrackedFile[] = [];
  let before = cursor === null ? undefined : readCursor(cursor);
  for (let looked = 0; looked < MAX_LOOKED; looked += STEP) {
    const files = await loader.tracker.troubledFiles({
      limit: STEP,
      ...(target === undefined ? {} : { target }),
      ...(before === undefined ? {} : { before }),
    });
    for (const file of files) {
      if (found.length === limit) return { entries: found.flatMap(toFailureEntry), next: cursorOf(before) };
      if (isMeant(file, request)) found.push(file);
      before = placeOf(file);
    }
    if (files.length < STEP) return { entries: found.flatMap(toFailureEntry), next: null };
  }
  return { entries: found.flatMap(toFailureEntry), next: cursorOf(before) };
}

function isMeant({ file, status, evidence }: TrackedFile, request: FailurePageRequest): boolean {
  const { prefix, code, state } = request;
  return (
    status !== 'superseded' &&
    (prefix === undefined || file.url.startsWith(prefix)) &&
    (code === undefined || evidence?.code === code) &&
    (state === undefined || status === state)
  );
}

function placeOf({ target, file, evidence }: TrackedFile): EvidencePlace {
  return { at: evidence?.at ?? 0, id: file.id, target };
}

function cursorOf(place: EvidencePlace | undefined): string | null {
  if (place === undefined) return null;
  return Buffer.from(JSON.stringify([place.at, place.id, place.target])).toString('base64url');
}

function readCursor(text: string): EvidencePlace {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    const [at, id, target] = Array.isArray(value) ? (value as unknown[]) : [];
    if (Number.isSafeInteger(at) && /^[0-9a-f]+$/u.test(String(id)) && typeof target === 'string') {
      return { at: at as number, id: String(id), target };
    }
  } catch (cause) {
    throw invalid(text, cause);
  }
  throw invalid(text);
}

function invalid(text: string, cause?: unknown): LoadError {
  return new LoadError('invalid-cursor', `'${text.slice(0, 60)}' is not where a page of failures ends`, {
    class: 'usage',
    hint: 'begin again without a cursor',
    cause,
  });
}
