import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The functions that Millrace is made of: a folder of `handlers/` each. */
export type HandlerName =
  | 'bulk-loader'
  | 'deployment-step'
  | 'event-consumer'
  | 'event-producer'
  | 'lister'
  | 'microbatch-loader'
  | 'next-loader'
  | 'redshift-tasker'
  | 'sweeper';

/** What the package carries, beside its compiled sources. */
export const HANDLERS = join(__dirname, '..', 'handlers');

/**
 * The folder with a function's bundle: the one that the package carries, unless `own` has one of that name.
 *
 * @throws Error when it is not there.
 */
export function handlerPath(name: HandlerName, own?: string): string {
  if (own !== undefined && existsSync(join(own, name, 'index.mjs'))) return join(own, name);
  const path = join(HANDLERS, name);
  if (existsSync(join(path, 'index.mjs'))) return path;
  throw new Error(
    `'${path}' is not there: run 'node packages/cdk/scripts/build.mjs', which bundles the handlers`,
  );
}
