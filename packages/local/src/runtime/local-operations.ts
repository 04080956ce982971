import { basename, join } from 'node:path';
import {
  admit,
  buildJob,
  copyKindOf,
  definitionOf,
  type FailureEntry,
  type FileSelection,
  formatOfName,
  type HandedFile,
  LoadError,
  type Loader,
  type LoadFile,
  loadFileOf,
  missingTable,
  type ObjectRef,
  type PlanReport,
  parseBulkSpec,
  parseUrl,
  planBatch,
  readReceipts,
  sortBacklog,
  type TargetDefinition,
  type TrackedFile,
  urlOf,
} from '@millrace/core';
import { handOver } from './hand-over.ts';
import type { OpenLoader } from './open-loader.ts';
import { readyTarget } from './ready-target.ts';
import { noteOf } from './status-report.ts';

/** Files that one list of failures, or one redrive, looks at: more would hide what matters. */
const MAX_TROUBLED = 100_000;

/** What failed and why: quarantined files, and waiting ones with the last error that they were part of. */
export async function listFailures(
  loader: Loader,
  selection: FileSelection,
): Promise<readonly FailureEntry[]> {
  const troubled = await selectTroubled(loader, selection);
  return troubled.flatMap(({ target, file, status, evidence }): FailureEntry[] => {
    if (evidence === undefined || (status !== 'quarantined' && status !== 'waiting')) return [];
    return [
      {
        target,
        url: file.url,
        state: status,
        error: evidence.reason,
        code: evidence.code,
        line: evidence.line ?? null,
        column: evidence.column ?? null,
        rawValue: evidence.rawValue ?? null,
        hint: evidence.hint ?? null,
        at: new Date(evidence.at).toISOString(),
      },
    ];
  });
}

/** Quarantined files wait again, and their lanes look at once. @returns the targets that were touched. */
export async function redriveFiles(
  loader: Loader,
  selection: FileSelection,
): Promise<{ redriven: number; targets: readonly string[] }> {
  const idsOf = new Map<string, string[]>();
  for (const { target, file, status } of await selectTroubled(loader, selection)) {
    if (status !== 'quarantined') continue;
    const ids = idsOf.get(target) ?? [];
    ids.push(file.id);
    idsOf.set(target, ids);
  }
  let redriven = 0;
  for (const [target, ids] of idsOf) {
    redriven += await loader.tracker.redrive(target, ids, loader.now());
    await loader.tracker.addArrivals(target, ids.length);
    await loader.wakes.wake(target, loader.now());
  }
  return { redriven, targets: [...idsOf.keys()] };
}

async function selectTroubled(
  loader: Loader,
  { target, prefix }: FileSelection,
): Promise<readonly TrackedFile[]> {
  if (target !== undefined) definitionOf(loader, target);
  const troubled = await loader.tracker.troubledFiles({
    limit: MAX_TROUBLED,
    ...(target === undefined ? {} : { target }),
  });
  return prefix === undefined ? troubled : troubled.filter(({ file }) => file.url.startsWith(prefix));
}

/** The SQL of a target's next job, rendered and not run; an example file stands in when none waits. */
export async function planTarget(loader: Loader, target: string): Promise<PlanReport> {
  const definition = definitionOf(loader, target);
  const lane = await loader.tracker.lane(target);
  const { loadable } = sortBacklog(await loader.tracker.waitingFiles(target, definition.batching.maxFiles));
  const { maxFiles, maxBytes } = definition.batching;
  const batch = planBatch(loadable, {
    maxFiles,
    maxBytes,
    kindOf: ({ file }) => copyKindOf(definition, file),
  });
  const isExample = batch.files.length === 0;
  const files = isExample ? [exampleFile(definition, loader.now())] : batch.files.map(({ file }) => file);
  const tableColumns = await loader.warehouse.describeTable(target);
  if (tableColumns === undefined) throw await missingTable(loader.warehouse, target);
  const { document } = buildJob({
    ...loader.settings,
    definition,
    attempt: { jobId: '0'.repeat(26), attempt: 1, fence: lane.fence + 1 },
    files: files.map((file) => ({ file, loadUrl: file.url })),
    tableColumns,
    dialect: loader.warehouse.dialect,
    now: loader.now(),
  });
  const { waiting } = await loader.tracker.counts(target);
  const note = noteOf(lane, loader.now());
  return {
    target,
    mode: definition.rule.mode,
    lane: note === null ? lane.state.kind : `${lane.state.kind}: ${note}`,
    waitingFiles: waiting,
    nextJob: { files: batch.files.length, bytes: batch.bytes, isExample },
    statements: document.batch.statements,
  };
}

function exampleFile({ from }: TargetDefinition, now: number): LoadFile {
  const { bucket, key } = parseUrl(from[0] ?? 's3://bucket/');
  return loadFileOf({ bucket, key: `${key}example`, etag: 'example', size: 1 }, now);
}

/** Copies local files below a prefix of the target and lets them into its lane. */
export async function loadLocalFiles(
  loader: Loader,
  target: string,
  paths: readonly string[],
): Promise<readonly HandedFile[]> {
  const definition = definitionOf(loader, target);
  const handed: HandedFile[] = [];
  for (const path of paths) {
    const prefix = prefixFor(loader, definition, path);
    const object = await handOver(loader.objects, path, prefix);
    const file = loadFileOf({ ...object, writtenAt: object.lastModifiedAt }, loader.now());
    await admit(loader, target, [file]);
    handed.push(...(await handedFiles(loader, target, [file.id])));
  }
  return handed;
}

/**
 * Where a local file is to go: below the first prefix whose files look as its name says; else the first that takes it.
 *
 * @throws LoadError `target-without-prefix`, `file-not-routed`
 */
function prefixFor(loader: Loader, { name: target, from, copyFor }: TargetDefinition, path: string): string {
  const places = from.map((prefix) => {
    const { bucket, key } = parseUrl(prefix);
    return { prefix, at: { bucket, key: join('/', key, basename(path)).slice(1) } };
  });
  const [first] = places;
  if (first === undefined) {
    throw new LoadError('target-without-prefix', `${target} has no prefix to put files under`, {
      hint: "give the target a 'from'",
    });
  }
  // Before it is copied: what no route would take must not lie around in the object store.
  const taken = places.filter(({ at }) => loader.routesOf(at).includes(target));
  const format = formatOfName(path);
  const place = taken.find(({ at }) => copyFor(at).format === format) ?? taken[0];
  if (place) return place.prefix;
  throw new LoadError(
    'file-not-routed',
    `${path} would be ${urlOf(first.at)}, which is no file of ${target}`,
    {
      hint: "rename it so that it fits the target's 'from'",
    },
  );
}

/** Where files of a target stand now. */
export async function handedFiles(
  loader: Loader,
  target: string,
  ids: readonly string[],
): Promise<readonly HandedFile[]> {
  const known = await loader.tracker.filesById(target, ids);
  return known.map(({ file, status }) => ({ target, id: file.id, url: file.url, status }));
}

/**
 * Hands what a bulk document names to the lanes of its tables: listed, what has a receipt left out. A table that the
 * configuration does not name gets a lane for as long as the process runs.
 *
 * @throws LoadError `bulk-conflict` when the document merges or reads a known table by other rules than are known.
 */
export async function bulkLoad(open: OpenLoader, text: string): Promise<readonly HandedFile[]> {
  const { loader, targets } = open;
  const handed: HandedFile[] = [];
  for (const { prefix, definition } of parseBulkSpec(text).paths) {
    const target = definition.name;
    const configured = targets.get(target);
    if (configured === undefined) targets.set(target, definition);
    else checkSameRule(configured, definition);
    await readyTarget(open, target);
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
    if (fresh.length > 0) await admit(loader, target, fresh);
    await loader.tracker.markLoaded(
      target,
      files.filter(({ id }) => loadedIds.has(id)),
    );
    handed.push(
      ...(await handedFiles(
        loader,
        target,
        files.map(({ id }) => id),
      )),
    );
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

function checkSameRule({ name, rule }: TargetDefinition, { rule: asked }: TargetDefinition): void {
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
