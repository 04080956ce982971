import { type FileSelection, LoadError } from '@millrace/core';
import type { Project } from '../project/project.ts';
import { targetOf } from '../project/target-name.ts';
import { readSpan } from './read-span.ts';

/** The options of the commands that are about files that failed. */
export interface SelectionOptions {
  readonly target?: string;
  readonly prefix?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Which files are meant. @throws LoadError `wrong-usage`, `target-unknown` */
export function readSelection(
  project: Project,
  { urls, options }: { urls: readonly string[]; options: SelectionOptions },
): FileSelection {
  const { target, prefix, ...span } = options;
  if (prefix !== undefined) checkUrl('--prefix', prefix);
  for (const url of urls) checkUrl('the file', url);
  return {
    ...(target === undefined ? {} : { target: targetOf(project, target) }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(urls.length === 0 ? {} : { urls }),
    ...readSpan(span),
  };
}

function checkUrl(what: string, text: string): void {
  if (text.startsWith('s3://')) return;
  throw new LoadError('wrong-usage', `${what} is '${text}'`, { hint: 'write s3://bucket/…' });
}
