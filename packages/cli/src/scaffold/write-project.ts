import { constants, existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LoadError } from '@millrace/core';

/** A file of a new project: its text, or a file of this machine to be copied. */
export interface ProjectFile {
  /** Below the project's directory, with `/`. */
  readonly path: string;
  readonly content: { readonly text: string } | { readonly copyOf: string };
}

/**
 * Refuses before anything is written when one of the files is there.
 *
 * @throws LoadError `project-exists`
 */
export function checkProject(
  directory: string,
  files: readonly ProjectFile[],
  others: readonly string[] = [],
): void {
  const paths = new Set([...files.map(({ path }) => path), ...others]);
  const existing = [...paths].filter((path) => existsSync(join(directory, path)));
  if (existing.length === 0) return;
  throw new LoadError(
    'project-exists',
    `${directory} already has ${existing.join(', ')}; nothing was written`,
    {
      hint: 'name another directory',
    },
  );
}

/** Writes the files; one that appeared meanwhile is not overwritten. */
export async function writeProject(directory: string, files: readonly ProjectFile[]): Promise<void> {
  for (const { path, content } of files) {
    const to = join(directory, path);
    await mkdir(dirname(to), { recursive: true });
    if ('text' in content) await writeFile(to, content.text, { flag: 'wx' });
    // Where the file system can, the copy shares its blocks with the sample.
    else await copyFile(content.copyOf, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}
