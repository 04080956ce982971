import { type DriftPolicy, RESCUED } from '../drift/drift-policy.ts';
import { namesColumns } from '../drift/names-columns.ts';
import { planEvolution } from '../drift/plan-evolution.ts';
import { planFit } from '../drift/plan-fit.ts';
import type { Evidence, LoadFile } from '../file/load-file.ts';
import { copyOf, readFileColumns } from '../load/build-job.ts';
import type { JobFile } from '../load/job-document.ts';
import { missingTable } from '../load/missing-table.ts';
import type { FileCopy, TargetDefinition } from '../load/target-definition.ts';
import type { FileShapes } from '../ports/file-shapes.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { assertInvariant } from '../recover/invariant.ts';
import { evolveTable } from './evolve-table.ts';
import { columnListsOf, type Loader } from './loader.ts';
import { lookAtFiles } from './look-at-files.ts';
import { rescueFiles } from './rescue-files.ts';
import { setAside } from './set-aside.ts';

/** Files of a job, and the table that takes them. */
export interface FittedFiles {
  /** Those of one column list, with the oldest among them; the others go into a later job. */
  readonly files: readonly JobFile[];
  /** How COPY reads them, where that is not as they came. */
  readonly copy?: FileCopy;
  /** The columns that they have; undefined: those of their target. */
  readonly columns: readonly string[] | undefined;
  readonly tableColumns: readonly TableColumn[];
}

/**
 * Makes a table and the files of its next job fit each other, as the target's drift policy says. Without one the table is asked for its
 * columns, and nothing else happens.
 *
 * Whatever is done here may be done again after a crash: files are only read, changes of the table are looked up first, copies have
 * names that follow from their files.
 *
 * @returns undefined when files have left the line by what was found in them: the lane is looked at again then.
 * @throws LoadError `target-table-missing`, `table-not-changed`, `drift-unsupported`, `columns-unknown`
 */
export async function fitFiles(
  loader: Loader,
  { definition, files }: { definition: TargetDefinition; files: readonly JobFile[] },
): Promise<FittedFiles | undefined> {
  const { warehouse } = loader;
  const tableColumns = await warehouse.describeTable(definition.name);
  if (tableColumns === undefined) throw await missingTable(warehouse, definition.name);
  const { drift } = definition;
  const [first] = files;
  if (drift === undefined || first === undefined) {
    const columns = first && (await readFileColumns(definition, first.file, columnListsOf(loader)));
    return { files, columns, tableColumns };
  }
  const { shapes } = loader;
  assertInvariant(shapes !== undefined, 'whoever assembles a loader for targets that drift gives it shapes');
  // A bulk load may say of its files that they are what no names can be read from: COPY takes them as it is told.
  if (!namesColumns(copyOf(definition, first.file))) {
    return { files, columns: undefined, tableColumns };
  }
  return fitTo(loader, { definition, drift, shapes, files, tableColumns });
}

async function fitTo(
  loader: Loader,
  {
    definition,
    drift,
    shapes,
    files,
    tableColumns,
  }: {
    definition: TargetDefinition;
    drift: DriftPolicy;
    shapes: FileShapes;
    files: readonly JobFile[];
    tableColumns: readonly TableColumn[];
  },
): Promise<FittedFiles | undefined> {
  const { name: target } = definition;
  const looked = await lookAtFiles(loader, { definition, shapes, files });
  if (looked === undefined) return undefined;
  let table = tableColumns;
  if (drift.evolves) {
    const { changes, refused } = planEvolution(looked, {
      definition,
      tableColumns,
      maxNameBytes: loader.warehouse.dialect.maxNameBytes,
    });
    if (refused.length > 0 && !drift.rescues) {
      const at = loader.now();
      const evidence = ({ column, reason, hint }: (typeof refused)[number]): Evidence => ({
        code: 'column-refused',
        reason,
        column,
        hint,
        at,
      });
      await putAside(
        loader,
        target,
        refused.map((one) => ({ file: one.file, evidence: evidence(one) })),
      );
      return undefined;
    }
    table = await evolveTable(loader, { target, changes, tableColumns });
  }
  const plan = planFit(looked, { definition, tableColumns: table });
  const byId = new Map(files.map((one) => [one.file.id, one]));
  const chosen = plan.files.flatMap(({ id }) => byId.get(id) ?? []);
  if (!plan.rescues) return { files: chosen, columns: plan.columns, tableColumns: table };
  const [cause] = chosen;
  assertInvariant(cause !== undefined, 'a plan has the oldest file');
  if (!table.some(({ name }) => name === RESCUED)) {
    const { id, url } = cause.file;
    table = await evolveTable(loader, {
      target,
      changes: [{ kind: 'add', column: RESCUED, type: { kind: 'json' }, file: { id, url } }],
      tableColumns: table,
    });
  }
  const rescued = await rescueFiles(loader, { definition, shapes, files: chosen, tableColumns: table });
  if (rescued === undefined) return undefined;
  const { copy } = rescued;
  if (copy === undefined) {
    const columns = plan.columns?.filter((name) => name !== RESCUED);
    return { files: rescued.files, columns, tableColumns: table };
  }
  return { files: rescued.files, copy, columns: rescued.columns ?? plan.columns, tableColumns: table };
}

/** Takes files out of the line for what is in them. */
async function putAside(
  loader: Loader,
  target: string,
  files: readonly { file: LoadFile; evidence: Evidence }[],
): Promise<void> {
  await setAside(
    loader,
    target,
    files.map((one) => ({ ...one, status: 'quarantined' })),
  );
}
