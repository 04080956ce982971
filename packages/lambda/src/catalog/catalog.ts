import type { BulkSpec, ObjectRef } from '@millrace/core';
import type { Site } from './site.ts';

/** Whose files a queue announces. */
export interface QueueTargets {
  readonly site: Site;
  /** Null: the routes say, object by object. */
  readonly targets: readonly string[] | null;
}

/** The targets that this container knows of, and where they are. */
export interface Catalog {
  /**
   * Whose files a queue announces; without a queue, whose files come in events that name none. A queue that is not
   * known is looked up at once.
   *
   * @param options `isFresh`: looked up now, however young the answer is.
   * @throws LoadError `queue-unknown`; ConfigError when what is written of it is wrong.
   */
  ofQueue(queue: string | null, options?: { readonly isFresh?: boolean }): Promise<QueueTargets>;
  /**
   * Every site with every target. Targets that are written wrong are missing, and were logged.
   *
   * @param options `isFresh`: looked up now, however young the list is.
   */
  sites(options?: { readonly isFresh?: boolean }): Promise<readonly Site[]>;
  /**
   * The site of a bulk document, and its tables that are not known among the targets from now on, in every container.
   *
   * @throws LoadError `bulk-place` when it names no database, or another one than there is.
   */
  ofBulk(spec: BulkSpec, document: Readonly<Record<string, unknown>>): Promise<Site>;
  /** Whether an object is Millrace's own, or a document: never a load file, whatever announces it. */
  isOwn(at: ObjectRef): boolean;
}
