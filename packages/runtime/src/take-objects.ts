import { admit, intake, type Loader, loadFileOf, type ObjectInfo } from '@millrace/core';

/** Takes in objects that were announced, by their routes. @returns the targets that were touched */
export async function takeRouted(loader: Loader, objects: readonly ObjectInfo[]): Promise<Iterable<string>> {
  const report = await intake(
    loader,
    objects.map((object) => ({ ...object, writtenAt: object.lastModifiedAt })),
  );
  return report.added.keys();
}

/** Takes in objects that a queue of some targets' own announced: files of these targets, wherever they are. */
export async function takeQueued(
  loader: Loader,
  targets: readonly string[],
  objects: readonly ObjectInfo[],
): Promise<void> {
  const files = objects.map((object) =>
    loadFileOf({ ...object, writtenAt: object.lastModifiedAt }, loader.now()),
  );
  for (const target of targets) await admit(loader, target, files);
}
