import type { Evidence, LoadFile } from '../file/load-file.ts';
import { dropPins } from './drop-pins.ts';
import type { Loader } from './loader.ts';

export interface AsideFile {
  readonly file: LoadFile;
  readonly status: 'superseded' | 'quarantined';
  readonly evidence: Evidence;
}

/** Takes files out of the line, visibly. Repeating it changes nothing. */
export async function setAside(loader: Loader, target: string, files: readonly AsideFile[]): Promise<void> {
  if (files.length === 0) return;
  await loader.tracker.putAside(target, files);
  await dropPins(
    loader,
    target,
    files.map(({ file }) => file),
  );
  for (const aside of files) loader.onEvent({ kind: 'file-aside', target, ...aside, at: loader.now() });
}
