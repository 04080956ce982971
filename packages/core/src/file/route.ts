import type { ObjectRef } from '../ports/object-store.ts';
import { parseUrl, urlOf } from './identity.ts';
import { type KeyPattern, matchesKey } from './key-pattern.ts';

/** Which objects a target takes: a bucket, and which of its keys. */
export interface RouteRule {
  readonly bucket: string;
  readonly pattern: KeyPattern;
}

/** What routes are made of. A `MillraceConfig` is one. */
export interface RoutedConfig {
  readonly control: ObjectRef;
  readonly targets: ReadonlyMap<
    string,
    {
      readonly name: string;
      readonly rules: readonly RouteRule[];
      readonly after:
        | { readonly kind: 'move'; readonly to: string }
        | { readonly kind: 'keep' | 'tag' | 'delete' };
    }
  >;
}

/** A rule from objects to one target. */
export interface Route extends RouteRule {
  readonly target: string;
  /** Places whose objects no route takes: Millrace's own, and where loaded files are moved to. The same list in all. */
  readonly closed: readonly ClosedPlace[];
}

export interface ClosedPlace extends ObjectRef {
  readonly why: string;
}

/** What routes make of an object: the targets that take it, or why none does. */
export interface Routing {
  readonly targets: readonly string[];
  /** A sentence's second half; null when there are targets. */
  readonly refusal: string | null;
}

/** Kept for what UNLOAD writes, in every bucket: never taken as load files. */
export const UNLOAD_PREFIX = 'unloads/';

/** One route per target and prefix, in the order of the configuration. */
export function compileRoutes({ control, targets }: RoutedConfig): readonly Route[] {
  const closed: ClosedPlace[] = [{ ...control, why: "is Millrace's own" }];
  for (const { name, after } of targets.values()) {
    if (after.kind !== 'move') continue;
    closed.push({ ...parseUrl(after.to), why: `is where loaded files of ${name} are moved to` });
  }
  return [...targets.values()].flatMap(({ name, rules }) =>
    rules.map(({ bucket, pattern }) => ({ target: name, bucket, pattern, closed })),
  );
}

/** Whether an object is where a rule takes files from. */
export function takes({ bucket, pattern }: RouteRule, at: ObjectRef): boolean {
  return bucket === at.bucket && matchesKey(pattern, at.key);
}

/** The targets that take an object, each once. */
export function routesOf(routes: readonly Route[], at: ObjectRef): readonly string[] {
  return explainRoutes(routes, at).targets;
}

/** The targets that take an object, each once; or why none does. */
export function explainRoutes(routes: readonly Route[], at: ObjectRef): Routing {
  const matching = routes.filter((route) => takes(route, at));
  if (matching.length === 0) return refused('no target takes files from there');
  if (at.key.endsWith('/')) return refused("a key that ends with '/' is a folder's mark");
  if (at.key.startsWith(UNLOAD_PREFIX)) return refused(`'${UNLOAD_PREFIX}' is kept for what UNLOAD writes`);
  const place = matching[0]?.closed.find(({ bucket, key }) => bucket === at.bucket && at.key.startsWith(key));
  if (place) return refused(`${urlOf(place)} ${place.why}`);
  const taking = matching.filter(({ pattern }) => !isMarker(at.key, pattern.prefix.length));
  if (taking.length === 0)
    return refused("names that begin with '_' or '.' mark what is unfinished or not data");
  return { targets: [...new Set(taking.map(({ target }) => target))], refusal: null };
}

/**
 * The prefixes to list so that every object of every route is seen, none of them within another: what a listing
 * sweeps and a watcher watches.
 */
export function prefixesOf(routes: readonly RouteRule[]): readonly { bucket: string; prefix: string }[] {
  const places = routes.map(({ bucket, pattern }) => ({ bucket, prefix: pattern.prefix }));
  return places.filter(
    (place, index) =>
      !places.some(
        (other, at) =>
          other.bucket === place.bucket &&
          place.prefix.startsWith(other.prefix) &&
          (other.prefix !== place.prefix || at < index),
      ),
  );
}

/**
 * Whether a folder or the file, below the route's prefix, has a name that begins with `_` or `.`: `_SUCCESS`,
 * `_temporary/…`, `.crc` files, `.spark-staging-…`. Writers of the Hadoop family mark with them what is not data, or
 * not yet. What the prefix itself names was meant.
 */
function isMarker(key: string, from: number): boolean {
  for (let at = from; at < key.length; at += 1) {
    const isStart = at === 0 || key[at - 1] === '/';
    if (isStart && (key[at] === '_' || key[at] === '.')) return true;
  }
  return false;
}

function refused(refusal: string): Routing {
  return { targets: [], refusal };
}
