import { namesColumns } from '../drift/names-columns.ts';
import { planEvolution } from '../drift/plan-evolution.ts';
import type { LoadFile } from '../file/load-file.ts';
import { copyOf } from '../load/build-job.ts';
import type { Loader } from './loader.ts';
import { lookAtOne } from './look-at-files.ts';

/**
 * Whether a table that follows its files has become smaller than these: somebody else widened one of its columns by less, at the same
 * moment, in the one statement that Redshift takes in no transaction. Then it is no file's fault, and the next job widens it again.
 *
 * @param files those that a data error names
 */
export async function hasOutgrown(
  loader: Loader,
  target: string,
  files: readonly LoadFile[],
): Promise<boolean> {
  const definition = loader.targets.get(target);
  const { shapes } = loader;
  if (definition?.drift?.evolves !== true || shapes === undefined) return false;
  const tableColumns = await loader.warehouse.describeTable(target);
  if (tableColumns === undefined) return false;
  for (const file of files) {
    if (!namesColumns(copyOf(definition, file))) continue;
    const look = await lookAtOne(loader, { definition, shapes, file: { file, loadUrl: file.url } });
    if (look === 'look-again' || look.kind !== 'shape') continue;
    const one = { file, columns: look.columns };
    const { changes } = planEvolution([one], { definition, tableColumns });
    if (changes.length > 0) return true;
  }
  return false;
}
