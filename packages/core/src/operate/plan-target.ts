import { parseUrl } from '../file/identity.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import { planBatch, sortBacklog } from '../lane/batching.ts';
import { groupUnits, planGroupBatch } from '../lane/group-batch.ts';
import type { Lane } from '../lane/lane.ts';
import { buildGroupJob, type GroupPartInput } from '../load/build-group-job.ts';
import { buildJob, copyKindOf, readFileColumns } from '../load/build-job.ts';
import { laneNameOf } from '../load/load-group.ts';
import { missingTable } from '../load/missing-table.ts';
import { exampleFolder, type PartitionJob, partitionOf } from '../load/partition.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { PlanReport } from '../ports/operations.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { type GroupMembers, membersOf, readGroupLine } from '../verbs/group-line.ts';
import { columnListsOf, definitionOf, type Loader } from '../verbs/loader.ts';
import { groupByPartition, isPartitioned, type PartitionedTarget } from '../verbs/next-partition.ts';
import { jobOf, listPartition, readLast } from '../verbs/plan-partition.ts';
import { noteOf } from './report-status.ts';
import { sayLine } from './say-line.ts';

/** What the next job of a target would be. */
interface NextJob {
  readonly files: readonly LoadFile[];
  readonly isExample: boolean;
  readonly statements: readonly string[];
}

/** The SQL of a target's next job, rendered and not run; an example file stands in when none waits. */
export async function planTarget(loader: Loader, target: string): Promise<PlanReport> {
  const definition = definitionOf(loader, target);
  const lane = await loader.tracker.lane(laneNameOf(definition));
  const members = membersOf(loader, definition);
  const { files, isExample, statements } =
    members === undefined
      ? isPartitioned(definition)
        ? await planPartitionJob(loader, { definition, lane })
        : await planOwnJob(loader, { definition, lane })
      : await planGroupJob(loader, { definition, members, lane });
  const { waiting } = await loader.tracker.counts(target);
  const notes = [noteOf(lane, loader.now()), await sayLine(loader, definition)].filter((one) => one !== null);
  return {
    target,
    mode: definition.rule.mode,
    lane: notes.length === 0 ? lane.state.kind : `${lane.state.kind}: ${notes.join('; ')}`,
    waitingFiles: waiting,
    nextJob: {
      files: isExample ? 0 : files.length,
      bytes: isExample ? 0 : files.reduce((sum, { identity }) => sum + identity.size, 0),
      isExample,
    },
    statements,
  };
}

async function planOwnJob(
  loader: Loader,
  { definition, lane }: { definition: TargetDefinition; lane: Lane },
): Promise<NextJob> {
  const { maxFiles, maxBytes } = definition.batching;
  const { loadable } = sortBacklog(await loader.tracker.waitingFiles(definition.name, maxFiles));
  const batch = planBatch(loadable, {
    maxFiles,
    maxBytes,
    kindOf: ({ file }) => copyKindOf(definition, file),
  });
  const isExample = batch.files.length === 0;
  const files = isExample ? [exampleFile(definition, loader.now())] : batch.files.map(({ file }) => file);
  return { files, isExample, statements: await renderJob(loader, { definition, lane, files }) };
}

/** The partition that waits longest, as its listing has it now. */
async function planPartitionJob(
  loader: Loader,
  { definition, lane }: { definition: PartitionedTarget; lane: Lane },
): Promise<NextJob> {
  const { name, from } = definition;
  const { loadable } = sortBacklog(await loader.tracker.waitingFiles(name, 1));
  const [first] = groupByPartition(definition, loadable).partitions;
  const example = exampleFile(definition, loader.now());
  const partition =
    first?.partition ?? partitionOf({ from, partition: definition.partition }, example.identity);
  const listed =
    first === undefined || partition === undefined ? [] : await listPartition(loader, definition, partition);
  const isExample = listed === 'too-many' || listed.length === 0;
  const files = isExample ? [example] : listed;
  const last = partition && (await readLast(loader, name, partition));
  const job = partition && last && jobOf(partition, { listed: files, absent: [], last });
  return { files, isExample, statements: await renderJob(loader, { definition, lane, files, job }) };
}

async function renderJob(
  loader: Loader,
  {
    definition,
    lane,
    files,
    job,
  }: { definition: TargetDefinition; lane: Lane; files: readonly LoadFile[]; job?: PartitionJob | undefined },
): Promise<readonly string[]> {
  const { document } = buildJob({
    ...loader.settings,
    ...(await readTable(loader, { definition, files })),
    definition,
    attempt: attemptOf(lane),
    partition: job,
    files: files.map((file) => ({ file, loadUrl: file.url })),
    dialect: loader.warehouse.dialect,
    now: loader.now(),
  });
  return document.batch.statements;
}

async function planGroupJob(
  loader: Loader,
  { definition, members, lane }: { definition: TargetDefinition; members: GroupMembers; lane: Lane },
): Promise<NextJob> {
  const now = loader.now();
  const { loadable } = await readGroupLine(loader, { lane, members });
  const { batch } = planGroupBatch(groupUnits(loadable), { targets: members, lane, now });
  const isExample = batch.files.length === 0;
  const parts: GroupPartInput[] = [];
  for (const [target, member] of members) {
    const own = batch.files.filter((one) => one.target === target).map(({ file }) => file);
    const files = isExample && target === definition.name ? [exampleFile(member, now)] : own;
    if (files.length === 0) continue;
    const table = await readTable(loader, { definition: member, files });
    parts.push({ definition: member, files: files.map((file) => ({ file, loadUrl: file.url })), ...table });
  }
  const { document } = buildGroupJob({
    ...loader.settings,
    lane: lane.target,
    parts,
    attempt: attemptOf(lane),
    dialect: loader.warehouse.dialect,
    now,
  });
  return {
    files: document.files.map(({ file }) => file),
    isExample,
    statements: document.batch.statements,
  };
}

async function readTable(
  loader: Loader,
  { definition, files: [first] }: { definition: TargetDefinition; files: readonly LoadFile[] },
): Promise<{ tableColumns: readonly TableColumn[]; fileColumns: readonly string[] | undefined }> {
  const tableColumns = await loader.warehouse.describeTable(definition.name);
  if (tableColumns === undefined) throw await missingTable(loader.warehouse, definition.name);
  const fileColumns = first && (await readFileColumns(definition, first, columnListsOf(loader)));
  return { tableColumns, fileColumns };
}

function attemptOf({ fence }: Lane) {
  return { jobId: '0'.repeat(26), attempt: 1, fence: fence + 1 };
}

function exampleFile({ from, partition }: TargetDefinition, now: number): LoadFile {
  const { bucket, key } = parseUrl(from[0] ?? 's3://bucket/');
  const folder = partition === undefined ? '' : exampleFolder(partition);
  return loadFileOf({ bucket, key: `${key}${folder}example`, etag: 'example', size: 1 }, now);
}
