import {
  type BulkPath,
  type BulkSpec,
  type ObjectRef,
  type ObjectStore,
  parseBulkSpec,
} from '@millrace/core';
import { CachedTexts } from './cached-texts.ts';
import type { Site } from './site.ts';

interface BulkTarget {
  readonly site: string;
  readonly path: BulkPath;
  readonly cluster: BulkSpec['cluster'];
}

export interface BulkTargetsOptions {
  readonly objects: ObjectStore;
  readonly control: ObjectRef;
  readonly maxAgeMs: number;
  readonly now: () => number;
  readonly onError: (error: Error, url: string) => void;
}

/**
 * The targets that only a bulk document names, each as a small object in the control prefix: a load takes longer than the
 * function that began it, and whoever settles its first job must know how to plan the next one.
 */
export class BulkTargets {
  readonly #objects: ObjectStore;
  readonly #folder: ObjectRef;
  readonly #texts: CachedTexts<BulkTarget>;

  constructor({ objects, control, ...options }: BulkTargetsOptions) {
    this.#objects = objects;
    this.#folder = { bucket: control.bucket, key: `${control.key}bulk/` };
    this.#texts = new CachedTexts({
      ...options,
      objects,
      at: { bucket: control.bucket, prefix: this.#folder.key },
      isMeant: (name) => /^[^/]+\/[^/]+\.json$/u.test(name),
      parse: (text, name) => {
        const { paths, cluster } = parseBulkSpec(text, { source: name });
        const [path] = paths as [BulkPath, ...BulkPath[]];
        return { site: name.slice(0, name.indexOf('/')), path, cluster };
      },
    });
  }

  async all(options: { readonly isFresh?: boolean }): Promise<readonly BulkTarget[]> {
    const readings = await this.#texts.all(options);
    return [...readings.values()].flatMap((reading) => ('value' in reading ? [reading.value] : []));
  }

  /**
   * Adds the tables of a bulk document that a site does not know, and remembers them. A later document may say
   * otherwise how its table is read; as long as the configuration does not name the table, the latest one holds.
   */
  async remember(
    site: Site,
    { paths }: BulkSpec,
    document: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const entries = document.paths as readonly unknown[];
    for (const [at, { definition }] of paths.entries()) {
      const isFirst = paths.findIndex((other) => other.definition.name === definition.name) === at;
      const isConfigured = site.targets.has(definition.name) && !site.bulkTargets.has(definition.name);
      if (!isFirst || isConfigured) continue;
      site.targets.set(definition.name, definition);
      site.bulkTargets.add(definition.name);
      await this.#objects.write(
        { bucket: this.#folder.bucket, key: `${this.#folder.key}${site.name}/${definition.name}.json` },
        JSON.stringify({ ...document, paths: [entries[at]] }),
      );
    }
    this.#texts.forgetList();
  }
}
