import {
  type BulkSpec,
  type ConfiguredTarget,
  LoadError,
  type ObjectRef,
  type ObjectStore,
  parseQueueDocument,
  type QueueDocument,
} from '@millrace/core';
import type { Clients } from '../clients.ts';
import type { DocumentEnvironment } from '../environment.ts';
import { errorFields, type Log } from '../log.ts';
import { BulkTargets } from './bulk-targets.ts';
import { CachedTexts, type Reading } from './cached-texts.ts';
import type { Catalog, QueueTargets } from './catalog.ts';
import { openSite, type Site } from './site.ts';

/** What a document names when it is whole. */
type ClusterRef = NonNullable<QueueDocument['cluster']>;

export interface CatalogParts {
  readonly clients: Clients;
  readonly objects: ObjectStore;
  readonly log: Log;
  readonly now: () => number;
}

/**
 * How long a document is believed: after this a change of it is seen, by one HEAD per queue or one LIST for all. Whatever
 * is not known yet (a queue, a target, whose object it is) is looked up at once.
 */
export const DOCUMENT_MAX_AGE_MS = 5 * 60_000;

/** How long one load may take. */
const STATEMENT_TIMEOUT_MS = 15 * 60_000;

/**
 * Targets by one JSON document per queue, named after it: `orders_queue.json`. Every document names its own cluster and
 * database; those of the same two share a site.
 */
export class DocumentCatalog implements Catalog {
  readonly #environment: DocumentEnvironment;
  readonly #parts: CatalogParts;
  readonly #documents: CachedTexts<QueueDocument & { readonly cluster: ClusterRef }>;
  readonly #bulk: BulkTargets;
  readonly #sites = new Map<string, Site>();
  /** Conflicts between documents that were told already. */
  readonly #told = new Set<string>();

  constructor(environment: DocumentEnvironment, parts: CatalogParts) {
    this.#environment = environment;
    this.#parts = parts;
    const { objects, now, log } = parts;
    const { documents, control } = environment;
    const onError = (error: Error, url: string): void =>
      log.error('a document cannot be used: its files wait in the queue', { url, ...errorFields(error) });
    const common = { objects, now, maxAgeMs: DOCUMENT_MAX_AGE_MS, onError };
    this.#documents = new CachedTexts({
      ...common,
      at: { bucket: documents.bucket, prefix: documents.key },
      isMeant: (name) => /^[^/]+\.json$/u.test(name),
      parse: (text, name) =>
        requireCluster(parseQueueDocument(text, { queueName: name.replace(/\.json$/u, '') })),
    });
    this.#bulk = new BulkTargets({ ...common, control });
  }

  async ofQueue(queue: string | null, options: { readonly isFresh?: boolean } = {}): Promise<QueueTargets> {
    const { bucket, key } = this.#environment.documents;
    if (queue === null) {
      throw new LoadError('queue-unknown', 'the event came through no queue, and documents are for queues', {
        class: 'config',
        hint: 'let S3 tell an SQS queue, or name targets with prefixes in a MILLRACE_CONFIG',
      });
    }
    const reading: Reading<QueueDocument & { cluster: ClusterRef }> | undefined = await this.#documents.one(
      `${queue}.json`,
      options,
    );
    if (reading === undefined) {
      throw new LoadError(
        'queue-unknown',
        `there is no s3://${bucket}/${key}${queue}.json for queue '${queue}'`,
        {
          class: 'config',
          hint: 'write the document of the queue, or take its trigger away from this function',
        },
      );
    }
    if ('error' in reading) throw reading.error;
    const { definition, cluster } = reading.value;
    const site = this.#siteOf(cluster);
    site.targets.set(definition.name, definition);
    site.bulkTargets.delete(definition.name);
    return { site, targets: [definition.name] };
  }

  async sites(options: { readonly isFresh?: boolean } = {}): Promise<readonly Site[]> {
    const configured = new Map<Site, Map<string, QueueDocument>>();
    for (const reading of (await this.#documents.all(options)).values()) {
      if ('error' in reading) continue;
      const site = this.#siteOf(reading.value.cluster);
      const known = configured.get(site) ?? new Map<string, QueueDocument>();
      const { name } = reading.value.definition;
      const other = known.get(name);
      if (other !== undefined) this.#tellConflict(other, reading.value);
      else known.set(name, reading.value);
      configured.set(site, known);
    }
    const bulk = await this.#bulk.all(options);
    for (const { cluster } of bulk) if (cluster) this.#siteOf(cluster);
    for (const site of this.#sites.values()) {
      site.targets.clear();
      site.bulkTargets.clear();
      for (const { definition } of configured.get(site)?.values() ?? []) {
        site.targets.set(definition.name, definition);
      }
      for (const { site: name, path } of bulk) {
        if (name !== site.name || site.targets.has(path.definition.name)) continue;
        site.targets.set(path.definition.name, path.definition);
        site.bulkTargets.add(path.definition.name);
      }
    }
    return [...this.#sites.values()];
  }

  async ofBulk(spec: BulkSpec, document: Readonly<Record<string, unknown>>): Promise<Site> {
    if (spec.cluster === null) {
      throw new LoadError('bulk-place', "the bulk document has no 'cluster'", {
        hint: 'write "cluster": {"identifier": …, "db_name": …}',
      });
    }
    await this.sites({ isFresh: true });
    const site = this.#siteOf(spec.cluster);
    await this.#bulk.remember(site, spec, document);
    return site;
  }

  isOwn(at: ObjectRef): boolean {
    const { documents, control } = this.#environment;
    return [documents, control].some(({ bucket, key }) => at.bucket === bucket && at.key.startsWith(key));
  }

  #siteOf({ identifier, database }: ClusterRef): Site {
    // Databases of two clusters often have the same name, and their lanes must not mix.
    const name = `${identifier}.${database}`;
    const known = this.#sites.get(name);
    if (known) return known;
    const { addressing, dbUser, secretArn, table, control, maxLoads } = this.#environment;
    const site = openSite(
      {
        name,
        address:
          addressing === 'workgroup'
            ? { workgroup: identifier }
            : { cluster: identifier, ...(dbUser === undefined ? {} : { dbUser }) },
        database,
        secretArn,
        table,
        settings: { control, iamRole: 'default', maxLoads, statementTimeoutMs: STATEMENT_TIMEOUT_MS },
        routesOf: () => [],
        wakeQueueUrl: this.#environment.wakeQueueUrl,
        wakePrefix: `${name}/`,
        alerts: this.#environment.alerts,
      },
      this.#parts,
    );
    this.#sites.set(name, site);
    return site;
  }

  /** Two queues may announce files of one table; then both documents have to say the same of it. */
  #tellConflict(one: QueueDocument, other: QueueDocument): void {
    if (says(one.definition) === says(other.definition)) return;
    const queues = `${one.queueName} and ${other.queueName}`;
    if (this.#told.has(queues)) return;
    this.#told.add(queues);
    this.#parts.log.error('two documents load one table by different rules', {
      code: 'document-conflict',
      target: one.definition.name,
      reason: `the documents of ${queues} differ; ${one.queueName}'s is used; make them the same`,
    });
  }
}

function says({ rule, copyFor }: ConfiguredTarget): string {
  return JSON.stringify([rule, copyFor({ bucket: 'any', key: 'any' })]);
}

function requireCluster(document: QueueDocument): QueueDocument & { readonly cluster: ClusterRef } {
  const { cluster, queueName } = document;
  if (cluster !== null) return { ...document, cluster };
  throw new LoadError('config-invalid', `${queueName}.json has no 'cluster'`, {
    class: 'config',
    hint: 'write "cluster": {"identifier": …, "db_name": …}',
  });
}
