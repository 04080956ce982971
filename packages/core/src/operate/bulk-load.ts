import { parseBulkSpec } from '../config/parse-bulk-spec.ts';
import { parseUrl, urlOf } from '../file/identity.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import type { HandedFile } from '../ports/operations.ts';
import { LoadError } from '../recover/load-error.ts';
import { admit } from '../verbs/intake.ts';
import type { Loader } from '../verbs/loader.ts';
import { prepareTarget } from '../verbs/prepare-target.ts';
import { readReceipts } from '../verbs/read-receipts.ts';
import { handedFiles } from './handed-files.ts';

/**
 * Hands what a bulk document names to the lanes of its tables: listed, what has a receipt left out. A table that the
 * configuration does not name gets a lane for as long as `targets`, the loader's own, has it.
 *
 * @throws LoadError `bulk-conflict` when the document merges or reads a known table by other rules than are known.
 */
export async function bulkLoad(
  loader: Loader,
  text: string,
  { targets }: { targets: Map<string, TargetDefinition> },
): Promise<readonly HandedFile[]> {
  const handed: HandedFile[] = [];
  for (const { prefix, definition } of parseBulkSpec(text).paths) {
    const target = definition.name;
    const configured = targets.get(target);
    if (configured === undefined) targets.set(target, definition);
    else checkSameRule(configured, definition);
    await prepareTarget(loader, target);
    const { bucket, key } = parseUrl(prefix);
    const files: LoadFile[] = [];
    for await (const object of loader.objects.list({ bucket, prefix: key })) {
      if (object.size === 0 && object.key.endsWith('/')) continue;
      const copyOptions = definition.copyFor(object).options;
      if (configured !== undefined) checkSameCopy(configured, { object, copyOptions });
      files.push({
        ...loadFileOf({ ...object, writtenAt: object.lastModifiedAt }, loader.now()),
        copyOptions,
      });
    }
    const { loadedIds } = await readReceipts(loader, target, files);
    const fresh = files.filter(({ id }) => !loadedIds.has(id));
    await admit(loader, target, fresh);
    await loader.tracker.markLoaded(
      target,
      files.filter(({ id }) => loadedIds.has(id)),
    );
    handed.push(...(await handedFiles(loader, target, files)));
  }
  return handed;
}

/**
 * The tracker keeps no options of single files: after it, a file is read as its target says. Other options would be
 * forgotten without a word, and a header, say, be loaded as a row.
 */
function checkSameCopy(
  configured: TargetDefinition,
  { object, copyOptions }: { object: ObjectRef; copyOptions: string },
): void {
  const known = configured.copyFor(object).options;
  if (known === copyOptions) return;
  throw new LoadError(
    'bulk-conflict',
    `the bulk document reads ${urlOf(object)} by '${copyOptions}', target ${configured.name} by '${known}'`,
    {
      hint: "give the target an entry in 'from' for that prefix with the format of its files, or use the same options",
    },
  );
}

function checkSameRule({ name, rule, partition }: TargetDefinition, { rule: asked }: TargetDefinition): void {
  // The document only says which files: what they replace the target knows, and a document that merges nothing agrees.
  if (partition !== undefined && asked.mode === 'append') return;
  const say = ({ mode, key, latestBy }: TargetDefinition['rule']): string =>
    mode === 'append'
      ? 'append'
      : `${mode} by ${key.join(', ')}${latestBy.length === 0 ? '' : `, latest by ${latestBy.join(', ')}`}`;
  if (say(rule) === say(asked)) return;
  throw new LoadError(
    'bulk-conflict',
    `the bulk document loads ${name} by ${say(asked)}, the configuration by ${say(rule)}`,
    {
      hint: 'one table has one way of merging: correct one of the two',
    },
  );
}
