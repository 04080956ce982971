import { isAbsolute, relative, resolve, sep } from 'node:path';
import { LoadError } from '@millrace/core';
import type { Project } from './project.ts';

/**
 * The address that a word of the command line means: `s3://bucket/key` as it is, or the path of a file in the folder that
 * plays S3, from the current directory or the project's.
 *
 * @throws LoadError `wrong-usage` when it is neither
 */
export function objectUrlOf(project: Project, word: string, cwd: string): string {
  if (/^s3:\/\/[^/]+\/.+/su.test(word)) return word;
  const { objects } = project.config;
  const hint = 'write s3://bucket/key';
  if (word.startsWith('s3://')) {
    throw new LoadError('wrong-usage', `'${word}' names no object`, { hint });
  }
  if (objects.kind !== 'directory') {
    throw new LoadError('wrong-usage', `'${word}' is not an object's address, and the objects are in S3`, {
      hint,
    });
  }
  const folder = resolve(project.directory, objects.path);
  for (const from of [cwd, project.directory]) {
    const inside = relative(folder, resolve(from, word));
    const parts = inside.split(sep);
    if (isAbsolute(inside) || parts[0] === '..' || parts.length < 2) continue;
    return `s3://${parts.join('/')}`;
  }
  throw new LoadError('wrong-usage', `'${word}' is not in ${folder}, the folder that plays S3`, {
    hint: `${hint}, or the path of a file in it: a folder in it is a bucket`,
  });
}
