import { parseUrl, urlOf } from '../file/identity.ts';
import { compileKeyPattern, type KeyPattern, patternsOverlap } from '../file/key-pattern.ts';
import { type RouteRule, UNLOAD_PREFIX } from '../file/route.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import type { ConfigProblem } from './config-error.ts';
import type { ReadTarget } from './read-target.ts';

interface PlacedRule extends RouteRule {
  readonly target: string;
  readonly isDestructive: boolean;
  readonly path: ConfigProblem['path'];
}

interface Destination extends RouteRule {
  readonly target: string;
  readonly url: string;
  readonly path: ConfigProblem['path'];
}

/**
 * What is wrong with the routes of all targets together: rules that can take nothing, rules that are written twice,
 * targets whose done action would take a file away from another target, and moves into a route. `control` is null when
 * nobody knows it.
 */
export function checkRoutes(
  targets: readonly ReadTarget[],
  control: ObjectRef | null,
): readonly ConfigProblem[] {
  const placed = targets.flatMap(({ name, after, rules, rulePaths, path }) =>
    rules.map(
      (rule, index): PlacedRule => ({
        ...rule,
        target: name,
        isDestructive: after?.kind === 'move' || after?.kind === 'delete',
        path: rulePaths[index] ?? path,
      }),
    ),
  );
  const destinations = targets.flatMap(({ name, after, path }): readonly Destination[] => {
    if (after?.kind !== 'move') return [];
    const { bucket, key } = parseUrl(after.to);
    const pattern = compileKeyPattern(key, null);
    return [{ target: name, url: after.to, bucket, pattern, path: [...path, 'processedPrefix'] }];
  });
  return [
    ...placed.flatMap((rule) => checkReach(rule, control)),
    ...pairs(placed).flatMap(([one, other]) => checkPair(one, other)),
    ...destinations.flatMap((destination) => checkDestination(destination, { rules: placed, control })),
    ...pairs(destinations).flatMap(([one, other]) => checkDestinationPair(one, other)),
  ];
}

/** A rule that can never take a file is a mistake that would look like missing data. */
function checkReach(
  { bucket, pattern: { prefix }, path }: PlacedRule,
  control: ObjectRef | null,
): readonly ConfigProblem[] {
  if (prefix.startsWith(UNLOAD_PREFIX)) {
    const message = `takes no file: '${UNLOAD_PREFIX}' is kept for what UNLOAD writes`;
    return [{ path, message, hint: 'have the load files written under another prefix' }];
  }
  if (control && bucket === control.bucket && prefix.startsWith(control.key)) {
    const message = `takes no file: ${urlOf(control)} is Millrace's own`;
    return [{ path, message, hint: "name another prefix, or move 'control' elsewhere" }];
  }
  return [];
}

function checkPair(one: PlacedRule, other: PlacedRule): readonly ConfigProblem[] {
  const { path } = other;
  if (one.target === other.target) {
    const isSame =
      one.bucket === other.bucket &&
      one.pattern.prefix === other.pattern.prefix &&
      one.pattern.match === other.pattern.match;
    return isSame ? [{ path, message: `${describe(other)} is there twice`, hint: 'delete one of them' }] : [];
  }
  if (!one.isDestructive && !other.isDestructive) return [];
  if (!overlap(one, other)) return [];
  const taker = one.isDestructive ? one : other;
  return [
    {
      path,
      message:
        `${describe(other)} overlaps with ${describe(one)} of ${one.target}, ` +
        `and ${taker.target} takes its files away when it has loaded them`,
      hint: "choose 'keep' or 'tag' as 'after' of both, or prefixes that do not overlap",
    },
  ];
}

function checkDestination(
  { target, url, bucket, pattern, path }: Destination,
  { rules, control }: { rules: readonly PlacedRule[]; control: ObjectRef | null },
): readonly ConfigProblem[] {
  const hint = "write a 'processedPrefix' that no target loads from, such as 's3://bucket/processed/'";
  if (
    control &&
    overlap({ bucket, pattern }, { bucket: control.bucket, pattern: compileKeyPattern(control.key, null) })
  ) {
    return [{ path, message: `${url} overlaps with ${urlOf(control)}, which is Millrace's own`, hint }];
  }
  const rule = rules.find((one) => overlap(one, { bucket, pattern }));
  if (!rule) return [];
  const whose = rule.target === target ? 'this target' : rule.target;
  return [{ path, message: `loaded files would be moved to ${url}, from where ${whose} loads files`, hint }];
}

function checkDestinationPair(one: Destination, other: Destination): readonly ConfigProblem[] {
  if (!overlap(one, other)) return [];
  const message = `files of ${other.target} and of ${one.target} could be moved onto each other in ${other.url}`;
  return [{ path: other.path, message, hint: "give each target a 'processedPrefix' of its own" }];
}

function overlap(one: RouteRule, other: RouteRule): boolean {
  return one.bucket === other.bucket && patternsOverlap(one.pattern, other.pattern);
}

function describe({ bucket, pattern }: { bucket: string; pattern: KeyPattern }): string {
  return `s3://${bucket}/${pattern.prefix}${pattern.match ?? ''}`;
}

function pairs<T>(items: readonly T[]): readonly (readonly [T, T])[] {
  return items.flatMap((one, index) => items.slice(index + 1).map((other) => [one, other] as const));
}
