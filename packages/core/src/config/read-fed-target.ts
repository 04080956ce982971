import { chunkFields } from './chunk-copy.ts';
import type { ProblemSite } from './config-error.ts';
import { isFed, type ReadEvents, withEventDefaults } from './read-events.ts';
import { type ReadTarget, readTarget } from './read-target.ts';

/**
 * Reads a target of a configuration. One that events feed may leave out where its files come from, and what follows
 * from the events: its mode, its key.
 */
export function readFedTarget(
  name: string,
  value: unknown,
  { events, ...site }: ProblemSite & { readonly events: ReadEvents },
): ReadTarget {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return readTarget(name, value, site);
  const fields = value as Readonly<Record<string, unknown>>;
  if (!isFed(name, fields, events)) return readTarget(name, value, site);
  if (fields.format !== undefined) {
    site.problems.push({
      path: [...site.path, 'format'],
      message:
        'holds for no file: only events feed the target, and their files are written as Millrace reads them',
      hint: "leave it out, or write where other files come from in 'from'",
    });
  }
  if (fields.after === 'move') {
    site.problems.push({
      path: [...site.path, 'after'],
      message: "'move' needs a prefix that files come from, and only events feed the target",
      hint: "choose 'keep', 'tag' or 'delete'",
    });
  }
  return readTarget(
    name,
    { ...withEventDefaults(name, fields, events), ...chunkFields(fields.copy) },
    { ...site, requiresFrom: false },
  );
}
