import { hashOf, readText } from '../../load/job-document.ts';
import { ulid } from '../../load/ulid.ts';
import type { ActivityEntry, ActivityPage } from '../../ports/control-room.ts';
import type { ObjectRef } from '../../ports/object-store.ts';
import { LoadError } from '../../recover/load-error.ts';
import type { Loader } from '../../verbs/loader.ts';

/** Instants are written as what is left until then, so that a listing begins with the newest. Far after any clock. */
const END_OF_TIME = 9_999_999_999_999;
const MAX_PAGE = 200;
/** What a person writes is kept as they wrote it, as far as it is a sentence and not a document. */
const MAX_TEXT = 2_000;

type NewActivity = Pick<ActivityEntry, 'action' | 'target' | 'by' | 'why' | 'text'>;

/**
 * Does something that somebody wants done, and keeps who, when and why: an object in the control prefix, written before it
 * is begun and again when it has ended, so that every worker and every machine sees it, and a lost tracker takes none of it.
 *
 * @param options `told`: what came of it, in words.
 * @throws what `body` throws; and what the object store does: nothing is done then that nobody could be asked about.
 */
export async function recordActivity<T>(
  loader: Loader,
  activity: NewActivity,
  { body, told }: { body: () => Promise<T>; told: (result: T) => string },
): Promise<T> {
  const at = loader.now();
  const id = ulid(at, loader.random());
  const entry: ActivityEntry = {
    ...activity,
    by: cut(activity.by.trim() === '' ? 'somebody' : activity.by),
    why: activity.why === null || activity.why.trim() === '' ? null : cut(activity.why),
    text: cut(activity.text),
    id,
    at: new Date(at).toISOString(),
    outcome: 'begun',
  };
  const place = { bucket: loader.settings.control.bucket, key: `${prefixOf(loader)}${keyOf(at, id)}` };
  const write = (as: ActivityEntry): Promise<unknown> => loader.objects.write(place, JSON.stringify(as));
  await write(entry);
  let result: T;
  try {
    result = await body();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await write({ ...entry, outcome: 'failed', text: cut(`${entry.text}: ${reason}`) });
    throw error;
  }
  await write({ ...entry, outcome: 'done', text: cut(`${entry.text}: ${told(result)}`) });
  return result;
}

/** What was done, newest first. @throws LoadError `invalid-cursor` */
export async function listActivity(
  loader: Loader,
  { cursor, limit }: { readonly cursor: string | null; readonly limit: number },
): Promise<ActivityPage> {
  if (cursor !== null && !/^\d{13}-[0-9A-Z]{26}$/u.test(cursor)) {
    throw new LoadError('invalid-cursor', `'${cursor.slice(0, 60)}' is not where a page of activity ends`, {
      class: 'usage',
      hint: 'begin again without a cursor',
    });
  }
  const prefix = prefixOf(loader);
  const size = Math.min(Math.max(1, limit), MAX_PAGE);
  const { bucket } = loader.settings.control;
  const after = cursor === null ? {} : { startAfter: `${prefix}${cursor}.json` };
  const places: ObjectRef[] = [];
  let isMore = false;
  for await (const { key } of loader.objects.list({ bucket, prefix, ...after })) {
    isMore = places.length === size;
    if (isMore) break;
    places.push({ bucket, key });
  }
  const texts = await Promise.all(places.map((place) => readText(loader.objects, place)));
  const entries = texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as ActivityEntry]));
  const last = places.at(-1)?.key.slice(prefix.length, -'.json'.length);
  return { entries, next: isMore && last !== undefined ? last : null };
}

/** Warehouses may share a control prefix: each has a page of its own. */
function prefixOf({ settings: { control, database } }: Loader): string {
  return `${control.key}activity/${hashOf(database).slice(0, 12)}/`;
}

function keyOf(at: number, id: string): string {
  return `${String(END_OF_TIME - at).padStart(13, '0')}-${id}.json`;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
}
