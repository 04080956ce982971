import { parseUrl, urlOf } from '../../file/identity.ts';
import { type Route, routesOf } from '../../file/route.ts';
import type { CheckResult } from '../../ports/doctor.ts';
import type { Loader } from '../../verbs/loader.ts';
import { fails, failsBy, passes, warns } from './check-result.ts';

/** Objects of a prefix that are looked at to see whether a route takes any. */
const LOOKED_AT = 200;

/** Whether Millrace can write, read and delete in its own prefix, and list where files come from. */
export async function checkObjects(
  loader: Loader,
  { routes }: { routes: readonly Route[] },
): Promise<readonly CheckResult[]> {
  const results = [await checkControl(loader)];
  for (const { name, from } of loader.targets.values()) {
    for (const prefix of from) results.push(await checkSource(loader, { target: name, prefix, routes }));
  }
  return results;
}

async function checkControl({ objects, settings: { control } }: Loader): Promise<CheckResult> {
  const at = { bucket: control.bucket, key: `${control.key}doctor` };
  const check = `objects ${urlOf(control)}`;
  try {
    const written = await objects.write(at, 'millrace doctor\n');
    if (written === undefined)
      return fails(check, 'what was written is not there', 'look at the object store');
    for await (const _ of await objects.read(at)) break;
    await objects.delete(at, { ifMatch: written.etag });
    return passes(check, 'can be written, read and deleted');
  } catch (error) {
    return failsBy(check, error, 'let the process write below the control prefix');
  }
}

async function checkSource(
  { objects }: Loader,
  { target, prefix, routes }: { target: string; prefix: string; routes: readonly Route[] },
): Promise<CheckResult> {
  const check = `source ${prefix}`;
  const { bucket, key } = parseUrl(prefix);
  let seen = 0;
  let taken = 0;
  try {
    for await (const object of objects.list({ bucket, prefix: key })) {
      seen += 1;
      if (routesOf(routes, object).includes(target)) taken += 1;
      if (seen >= LOOKED_AT) break;
    }
  } catch (error) {
    return failsBy(check, error, 'let the process list and read there');
  }
  if (seen === 0) return passes(check, `can be listed; no object is there now (${target})`);
  if (taken === 0) {
    return warns(
      check,
      `of the first ${seen} objects ${target} takes none`,
      '`millrace trace URL` tells why of one of them',
    );
  }
  return passes(check, `${target} takes ${taken} of the first ${seen} objects`);
}
