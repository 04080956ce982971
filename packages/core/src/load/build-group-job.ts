import { urlOf } from '../file/identity.ts';
import type { JobRef } from '../lane/lane.ts';
import type { ObjectRef, ObjectStore } from '../ports/object-store.ts';
import type { EpochMs } from '../ports/time.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { assertInvariant } from '../recover/invariant.ts';
import { LoadError } from '../recover/load-error.ts';
import { copyOf } from './build-job.ts';
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
import { ledgerOf } from './ledger.ts';
import { planLoad } from './plan-load.ts';
import type { Attempt, Statement } from './statement.ts';
import type { FileCopy, TargetDefinition } from './target-definition.ts';

/** What a job of a group loads into one of its targets. */
export interface GroupPartInput {
  readonly definition: TargetDefinition;
  readonly files: readonly JobFile[];
  /** How its files are read, where that is not what their target says of the first one. */
  readonly copy?: FileCopy | undefined;
  readonly fileColumns?: readonly string[] | undefined;
  readonly tableColumns: readonly TableColumn[];
}

export interface GroupJobInput {
  /** The name of the group's lane. */
  readonly lane: string;
  /** In the order of the targets' names: locks are taken in it. */
  readonly parts: readonly GroupPartInput[];
  readonly attempt: Attempt;
  readonly dialect: Dialect;
  readonly control: ObjectRef;
  readonly database: string;
  readonly iamRole: string;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly now: EpochMs;
}

/** A job of a group with all that has to be written before its lane may point to it. */
export interface BuiltGroupJob {
  readonly document: JobDocument;
  readonly place: ObjectRef;
  readonly bodies: readonly (readonly [ObjectRef, string])[];
}

/** Statements of every load that stand before what it is about: a time limit, the lock, a time limit. */
const OPENING = 3;

/**
 * Plans and renders one transaction for several targets: all locks, in the order of the names so that no two jobs wait for one
 * another, then target by target what its own job would do. Pure.
 *
 * @throws LoadError `group-too-large` (class `config`) when the warehouse takes no transaction of so many statements; and what
 * `planLoad` throws.
 */
export function buildGroupJob(input: GroupJobInput): BuiltGroupJob {
  const { lane, parts, attempt, dialect, control } = input;
  assertInvariant(parts.length > 0, 'a job has at least one file');
  const planned = parts.map((part, nth) => planPart(input, part, nth));
  const statements: readonly Statement[] = [
    { kind: 'limit-time', ms: input.lockTimeoutMs },
    ...parts.map(({ definition }) => ({ kind: 'lock-lane', lock: ledgerOf(definition.name).lock }) as const),
    { kind: 'limit-time', ms: input.statementTimeoutMs },
    ...planned.flatMap((part) => part.statements),
  ];
  if (statements.length > dialect.maxStatements) {
    const names = parts.map(({ definition }) => definition.name).join(', ');
    throw new LoadError(
      'group-too-large',
      `a job of the group of ${names} has ${statements.length} statements, and the warehouse takes ${dialect.maxStatements} in one transaction`,
      { class: 'config', hint: 'take a target out of the group' },
    );
  }
  const files = parts.flatMap((part) => part.files);
  const document: JobDocument = {
    version: 1,
    target: lane,
    attempt,
    files,
    parts: parts.map((part) => ({ target: part.definition.name, files: part.files.length })),
    bytes: files.reduce((sum, { file }) => sum + file.identity.size, 0),
    batch: {
      name: statementNameOf(input.database, lane, attempt),
      clientToken: clientTokenOf(attempt),
      statements: statements.map((statement) => dialect.render(statement)),
    },
    createdAt: input.now,
  };
  return {
    document,
    place: placesOf(control, lane, attempt).document,
    bodies: planned.flatMap((part) => part.bodies),
  };
}

function planPart(
  input: GroupJobInput,
  { definition, files, tableColumns, ...part }: GroupPartInput,
  nth: number,
): { statements: readonly Statement[]; bodies: readonly (readonly [ObjectRef, string])[] } {
  const { attempt, control, dialect } = input;
  const places = partPlaces(placesOf(control, input.lane, attempt), nth);
  const [first] = files;
  assertInvariant(first !== undefined, 'a part of a job has at least one file');
  const copy = part.copy ?? copyOf(definition, first.file);
  const plan = planLoad({
    target: definition.name,
    rule: { ...definition.rule, columns: part.fileColumns ?? definition.rule.columns },
    tableColumns,
    attempt,
    part: nth,
    loadedAt: input.now,
    files: files.map(({ file }) => file),
    manifestUrl: urlOf(places.manifest),
    fileListManifestUrl: urlOf(places.fileListManifest),
    iamRole: copy.iamRole ?? input.iamRole,
    copyOptions: copy.options,
    lockTimeoutMs: input.lockTimeoutMs,
    statementTimeoutMs: input.statementTimeoutMs,
    maxStatementBytes: dialect.maxStatementBytes,
  });
  const manifest = renderManifest(
    files.map(({ loadUrl, file }) => ({ url: loadUrl, size: file.identity.size })),
  );
  const bodies: [ObjectRef, string][] = [[places.manifest, manifest]];
  if (plan.some(({ kind }) => kind === 'copy-job-files')) {
    const list = renderFileList(files.map(({ file }) => file));
    const entry = { url: urlOf(places.fileList), size: Buffer.byteLength(list) };
    bodies.push([places.fileList, list], [places.fileListManifest, renderManifest([entry])]);
  }
  return { statements: plan.slice(OPENING), bodies };
}

/** Each target's own manifest beside the job's document. */
function partPlaces(places: JobPlaces, nth: number): JobPlaces {
  const own = ({ bucket, key }: ObjectRef): ObjectRef => {
    const at = key.lastIndexOf('/') + 1;
    // `<job>-<attempt>-<part>-manifest.json`
    const name = key.slice(at).replace(/^(\w+-\d+)-/u, `$1-${nth}-`);
    return { bucket, key: key.slice(0, at) + name };
  };
  return {
    document: places.document,
    manifest: own(places.manifest),
    fileList: own(places.fileList),
    fileListManifest: own(places.fileListManifest),
  };
}

/** Writes a group's job down, as `writeJob` does, and tells how its lane refers to it. */
export async function writeGroupJob(
  objects: ObjectStore,
  { document, place, bodies }: BuiltGroupJob,
): Promise<JobRef> {
  const text = JSON.stringify(document);
  await Promise.all([[place, text] as const, ...bodies].map(([at, body]) => objects.write(at, body)));
  return {
    id: document.attempt.jobId,
    attempt: document.attempt.attempt,
    fence: document.attempt.fence,
    files: document.files.length,
    bytes: document.bytes,
    ...(document.parts === undefined ? {} : { parts: document.parts }),
    documentUrl: urlOf(place),
    documentHash: hashOf(text),
    submittedAt: document.createdAt,
  };
}
