import type { RejectCount } from '../../ports/event-operations.ts';
import type { ObjectRef, ObjectStore } from '../../ports/object-store.ts';
import { listRejectFiles, readRejectFile } from './read-rejects.ts';

/** So many objects, the newest, are counted: where there are more, nobody reads the number for its last digits. */
const MAX_FILES = 2_000;

/**
 * How many events are kept as rejects, by type and reason. What was read once is remembered: an object with rejects is
 * written once and goes when it was redriven.
 */
export class RejectCounts {
  readonly #objects: ObjectStore;
  readonly #control: ObjectRef;
  #byFile = new Map<string, readonly RejectCount[]>();

  constructor(objects: ObjectStore, control: ObjectRef) {
    this.#objects = objects;
    this.#control = control;
  }

  /** Most events first. */
  async read(): Promise<readonly RejectCount[]> {
    const files = [];
    for await (const file of listRejectFiles(this.#objects, this.#control)) {
      files.push(file);
      if (files.length > MAX_FILES) files.shift();
    }
    const byFile = new Map<string, readonly RejectCount[]>();
    for (const file of files) {
      const name = `${file.key}\0${file.etag}`;
      byFile.set(name, this.#byFile.get(name) ?? countLines(await readRejectFile(this.#objects, file)));
    }
    this.#byFile = byFile;
    return sum([...byFile.values()].flat());
  }
}

function countLines(
  lines: readonly { readonly type?: string; readonly code: string }[],
): readonly RejectCount[] {
  return sum(lines.map(({ type = null, code }) => ({ type, code, events: 1 })));
}

function sum(counts: readonly RejectCount[]): readonly RejectCount[] {
  const byKind = Map.groupBy(counts, ({ type, code }) => JSON.stringify([type, code]));
  const sums = [...byKind.values()].flatMap((own) => {
    const [first] = own;
    return first === undefined
      ? []
      : [{ ...first, events: own.reduce((total, { events }) => total + events, 0) }];
  });
  return sums.sort((a, b) => b.events - a.events);
}
