import { requiredColumns } from '../drift/column-roles.ts';
import type { ShapedLoadFile } from '../drift/plan-evolution.ts';
import { parseUrl } from '../file/identity.ts';
import type { Evidence } from '../file/load-file.ts';
import { copyOf, readFileColumns } from '../load/build-job.ts';
import type { JobFile } from '../load/job-document.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { FileLook, FileShapes, ShapedFile } from '../ports/file-shapes.ts';
import { LoadError } from '../recover/load-error.ts';
import { columnListsOf, type Loader } from './loader.ts';
import { type AsideFile, setAside } from './set-aside.ts';

/** Files that are read at a time: each has a stream and its buffers. */
const CONCURRENT_READS = 4;

/** How a file of a job is asked for by what it holds. */
export async function toShapedFile(
  loader: Loader,
  { definition, file: { file, loadUrl } }: { definition: TargetDefinition; file: JobFile },
): Promise<ShapedFile> {
  const columns = await readFileColumns(definition, file, columnListsOf(loader));
  return {
    at: parseUrl(loadUrl),
    copy: copyOf(definition, file),
    // A pin is what it is; of a place it was only just said which version is there.
    ...(loadUrl === file.url ? { etag: file.identity.etag } : {}),
    ...(columns === undefined ? {} : { columns }),
  };
}

/**
 * What is in files, oldest first. Those that cannot be read, or lack a column that they cannot be merged without, are put aside.
 *
 * @returns undefined when any was, or when one has gone or changed meanwhile: the lane is looked at again then.
 */
export async function lookAtFiles(
  loader: Loader,
  {
    definition,
    shapes,
    files,
  }: { definition: TargetDefinition; shapes: FileShapes; files: readonly JobFile[] },
): Promise<readonly ShapedLoadFile[] | undefined> {
  const shaped: ShapedLoadFile[] = [];
  const aside: AsideFile[] = [];
  for (let at = 0; at < files.length; at += CONCURRENT_READS) {
    const some = files.slice(at, at + CONCURRENT_READS);
    const looks = await Promise.all(some.map((file) => lookAtOne(loader, { definition, shapes, file })));
    for (const [index, look] of looks.entries()) {
      const one = some[index];
      if (one === undefined || look === 'look-again') return undefined;
      const problem = problemOf(look, { definition, file: one, at: loader.now() });
      if (problem !== undefined) aside.push({ file: one.file, status: 'quarantined', evidence: problem });
      else if (look.kind === 'shape') shaped.push({ file: one.file, columns: look.columns });
    }
  }
  await setAside(loader, definition.name, aside);
  return aside.length > 0 ? undefined : shaped;
}

/** @returns `look-again` when the file has gone or changed meanwhile. */
export async function lookAtOne(
  loader: Loader,
  { definition, shapes, file }: { definition: TargetDefinition; shapes: FileShapes; file: JobFile },
): Promise<FileLook | 'look-again'> {
  try {
    return await shapes.look(await toShapedFile(loader, { definition, file }));
  } catch (error) {
    // Whoever confirms the files next finds out what has become of it.
    if (isChanged(error)) return 'look-again';
    throw error;
  }
}

/** Whether a file was rewritten or taken away while it was read. */
export function isChanged(error: unknown): boolean {
  return error instanceof LoadError && (error.code === 'object-gone' || error.code === 'object-changed');
}

function problemOf(
  look: FileLook,
  { definition, file: { file }, at }: { definition: TargetDefinition; file: JobFile; at: number },
): Evidence | undefined {
  if (look.kind === 'unreadable') {
    const { reason, hint, line } = look;
    return { code: 'file-unreadable', reason, hint, ...(line === undefined ? {} : { line }), at };
  }
  // A member that no object has may be one that none needs; a field has to have a place.
  if (copyOf(definition, file).format === 'json') return undefined;
  const missing = requiredColumns(definition.rule).find(
    (name) => !look.columns.some((column) => column.name === name),
  );
  if (missing === undefined) return undefined;
  return {
    code: 'column-missing',
    reason: `the file has no column '${missing}', without which its rows cannot be merged; it has ${namesOf(look.columns)}`,
    column: missing,
    hint: `write the file anew with '${missing}'`,
    at,
  };
}

/** Names shown of a wide file. */
const MAX_NAMES = 20;

function namesOf(columns: readonly { readonly name: string }[]): string {
  const names = columns.slice(0, MAX_NAMES).map(({ name }) => name);
  return columns.length > MAX_NAMES ? `${names.join(', ')}, …` : names.join(', ');
}
