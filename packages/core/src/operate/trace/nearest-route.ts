import { urlOf } from '../../file/identity.ts';
import { explainRoutes, type Route } from '../../file/route.ts';
import type { ObjectRef } from '../../ports/object-store.ts';

/** Why no route takes an object, and what would have to be otherwise. */
export interface Refusal {
  readonly text: string;
  readonly todo: string;
}

/** Why no route takes an object, with the route that is nearest to it. @returns null when one does. */
export function explainRefusal(routes: readonly Route[], at: ObjectRef): Refusal | null {
  const { refusal } = explainRoutes(routes, at);
  if (refusal === null) return null;
  const near = nearestRoute(routes, at);
  if (near === undefined) {
    return {
      text: 'no target takes files from anywhere by its address',
      todo: "give a target a `from` of 's3://bucket/prefix'",
    };
  }
  const { target, bucket, pattern } = near;
  const place = urlOf({ bucket, key: pattern.prefix });
  if (bucket !== at.bucket) {
    return {
      text: `no target takes files of the bucket '${at.bucket}'; the nearest route is ${place} of ${target}`,
      todo: `write the object below ${place}, or add its place to the \`from\` of a target`,
    };
  }
  if (!at.key.startsWith(pattern.prefix)) {
    return {
      text: `no target takes files from there; the nearest route is ${place} of ${target}, from which the key differs after '${sharedStart(at.key, pattern.prefix)}'`,
      todo: `write the object below ${place}, or add its place to the \`from\` of a target`,
    };
  }
  const rest = at.key.slice(pattern.prefix.length);
  if (pattern.match !== null && refusal === 'no target takes files from there') {
    return {
      text: `${target} takes files below ${place} that match '${pattern.match}', and '${rest}' does not`,
      todo: `rename the object, or change \`match\` of the source of ${target}`,
    };
  }
  return {
    text: `${refusal} (it is below ${place} of ${target})`,
    todo: 'write the object under another key, or change the configuration',
  };
}

/** The route whose address has the longest beginning in common with the object's; its own bucket first. */
function nearestRoute(routes: readonly Route[], at: ObjectRef): Route | undefined {
  let nearest: { route: Route; nearness: number } | undefined;
  for (const route of routes) {
    const isSame = route.bucket === at.bucket;
    const own = isSame ? 1_000_000 + sharedStart(route.pattern.prefix, at.key).length : 0;
    const nearness = own + sharedStart(route.bucket, at.bucket).length / 1_000;
    if (nearest === undefined || nearness > nearest.nearness) nearest = { route, nearness };
  }
  return nearest?.route;
}

function sharedStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return one.slice(0, length);
}
