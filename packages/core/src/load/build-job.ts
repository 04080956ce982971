import type { ColumnLists } from '../event/column-list.ts';
import { urlOf } from '../file/identity.ts';
import type { LoadFile } from '../file/load-file.ts';
import type { JobRef } from '../lane/lane.ts';
import type { ObjectRef, ObjectStore } from '../ports/object-store.ts';
import type { EpochMs } from '../ports/time.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { assertInvariant } from '../recover/invariant.ts';
import type { Dialect } from './dialect.ts';
import {
  clientTokenOf,
  hashOf,
  type JobDocument,
  type JobFile,
  type JobPlaces,
  placesOf,
  renderFileList,
  renderManifest,
  statementNameOf,
} from './job-document.ts';
import type { PartitionJob } from './partition.ts';
import { planLoad } from './plan-load.ts';
import type { Replacement } from './replacement.ts';
import type { Attempt, Statement } from './statement.ts';
import type { FileCopy, TargetDefinition } from './target-definition.ts';

export interface JobInput {
  readonly definition: TargetDefinition;
  readonly attempt: Attempt;
  readonly files: readonly JobFile[];
  readonly replaces?: Replacement | undefined;
  readonly partition?: PartitionJob | undefined;
  /** How COPY reads the files, where that is not as their target or their source says. */
  readonly copy?: FileCopy | undefined;
  /** The columns that the files have, where they are their own and not their target's. */
  readonly fileColumns?: readonly string[] | undefined;
  readonly tableColumns: readonly TableColumn[];
  readonly dialect: Dialect;
  readonly control: ObjectRef;
  readonly database: string;
  readonly iamRole: string;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly now: EpochMs;
}

/** A job with all that has to be written before the lane may point to it. */
export interface BuiltJob {
  readonly document: JobDocument;
  readonly places: JobPlaces;
  readonly statements: readonly Statement[];
}

/** How COPY reads a file. By its own key, also when COPY reads a pin. */
export function copyOf(definition: TargetDefinition, { identity, copyOptions }: LoadFile): FileCopy {
  const copy = definition.copyFor(identity);
  return copyOptions === undefined ? copy : { ...copy, options: copyOptions };
}

/** Files of one kind may share a job: a COPY is told the same of all of its files. */
export function copyKindOf(definition: TargetDefinition, file: LoadFile): string {
  const { options, iamRole, columnList } = copyOf(definition, file);
  return JSON.stringify([options, iamRole, columnList]);
}

/** The columns of files of one kind, where they have their own. @throws LoadError `columns-unknown` */
export async function readFileColumns(
  definition: TargetDefinition,
  file: LoadFile,
  columnLists: ColumnLists,
): Promise<readonly string[] | undefined> {
  const { columnList } = copyOf(definition, file);
  return columnList === undefined ? undefined : columnLists.find(columnList);
}

/** Plans and renders a job. Pure. */
export function buildJob(input: JobInput): BuiltJob {
  const { definition, attempt, files, dialect } = input;
  const places = placesOf(input.control, definition.name, attempt);
  const [first] = files;
  const { partition } = input;
  assertInvariant(first !== undefined || partition !== undefined, 'a job has at least one file');
  // Of a partition that is emptied no file is read.
  const copy =
    input.copy ?? (first === undefined ? definition.copyFor(input.control) : copyOf(definition, first.file));
  const { fileColumns = definition.rule.columns } = input;
  const statements = planLoad({
    target: definition.name,
    rule: { ...definition.rule, columns: fileColumns },
    tableColumns: input.tableColumns,
    attempt,
    loadedAt: input.now,
    replaces: input.replaces,
    partition,
    files: files.map(({ file }) => file),
    manifestUrl: urlOf(places.manifest),
    fileListManifestUrl: urlOf(places.fileListManifest),
    iamRole: copy.iamRole ?? input.iamRole,
    copyOptions: copy.options,
    lockTimeoutMs: input.lockTimeoutMs,
    statementTimeoutMs: input.statementTimeoutMs,
    maxStatementBytes: dialect.maxStatementBytes,
  });
  assertInvariant(
    statements.length <= dialect.maxStatements,
    'a job fits into one transaction of the warehouse',
  );
  const rendered = statements.map((statement) => dialect.render(statement));
  return {
    places,
    statements,
    document: {
      version: 1,
      target: definition.name,
      attempt,
      files,
      ...(input.replaces === undefined ? {} : { replaces: input.replaces }),
      ...(partition === undefined ? {} : { partition }),
      bytes: files.reduce((sum, { file }) => sum + file.identity.size, 0),
      batch: {
        name: statementNameOf(input.database, definition.name, attempt),
        clientToken: clientTokenOf(attempt),
        statements: rendered,
      },
      createdAt: input.now,
    },
  };
}

/**
 * Writes down the job and everything that its SQL reads, in no order, and tells how a lane refers to it. Nothing points
 * to these objects before that: dying in between leaves garbage, never half a job.
 */
export async function writeJob(
  objects: ObjectStore,
  { document, places, statements }: BuiltJob,
): Promise<JobRef> {
  const text = JSON.stringify(document);
  const manifest = renderManifest(
    document.files.map(({ loadUrl, loadSize, file }) => ({
      url: loadUrl,
      size: loadSize ?? file.identity.size,
    })),
  );
  const bodies: [ObjectRef, string][] = [
    [places.manifest, manifest],
    [places.document, text],
  ];
  if (statements.some(({ kind }) => kind === 'copy-job-files')) {
    const list = renderFileList(document.files.map(({ file }) => file));
    const size = Buffer.byteLength(list);
    bodies.push(
      [places.fileList, list],
      [places.fileListManifest, renderManifest([{ url: urlOf(places.fileList), size }])],
    );
  }
  // Side by side: each write is a wait, for a disk or for S3.
  await Promise.all(bodies.map(([at, body]) => objects.write(at, body)));
  return {
    id: document.attempt.jobId,
    attempt: document.attempt.attempt,
    fence: document.attempt.fence,
    files: document.files.length,
    bytes: document.bytes,
    documentUrl: urlOf(places.document),
    documentHash: hashOf(text),
    submittedAt: document.createdAt,
  };
}
