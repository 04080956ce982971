import { parseUrl } from '../file/identity.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import { planBatch, sortBacklog } from '../lane/batching.ts';
import { buildJob, copyKindOf, readFileColumns } from '../load/build-job.ts';
import { missingTable } from '../load/missing-table.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { PlanReport } from '../ports/operations.ts';
import { columnListsOf, definitionOf, type Loader } from '../verbs/loader.ts';
import { noteOf } from './report-status.ts';

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
  const [first] = files;
  const fileColumns = first && (await readFileColumns(definition, first, columnListsOf(loader)));
  const { document } = buildJob({
    ...loader.settings,
    fileColumns,
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
