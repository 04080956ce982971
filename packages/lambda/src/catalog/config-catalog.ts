import { DataApiWarehouse } from '@millrace/aws/redshift';
import {
  type BulkSpec,
  compileRoutes,
  LoadError,
  type MillraceConfig,
  type ObjectRef,
  parseConfig,
  parseConfigText,
  type RedshiftWarehouse,
  routesOf,
  type Transform,
  urlOf,
} from '@millrace/core';
import type { ConfigEnvironment } from '../environment.ts';
import { openSiteEvents } from '../events/site-events.ts';
import { errorFields } from '../log.ts';
import { BulkTargets } from './bulk-targets.ts';
import { CachedTexts } from './cached-texts.ts';
import type { Catalog, QueueTargets } from './catalog.ts';
import { type CatalogParts, DOCUMENT_MAX_AGE_MS } from './document-catalog.ts';
import { openSite, type Site } from './site.ts';

export interface ConfigCatalogParts extends CatalogParts {
  /** Of events, beside those of the configuration. */
  readonly transforms: Readonly<Record<string, Transform>>;
}

/** Events wait for what is asked about their tables: what takes longer is not waited for. */
const CHECK_TIMEOUT_MS = 10_000;

interface OpenConfig {
  readonly config: MillraceConfig;
  readonly site: Site;
  readonly bulk: BulkTargets;
}

/** Targets by one `millrace.config.json` in S3: one site, with routes for what no queue of its own announces. */
export class ConfigCatalog implements Catalog {
  readonly #environment: ConfigEnvironment;
  readonly #parts: ConfigCatalogParts;
  readonly #texts: CachedTexts<OpenConfig>;
  readonly #name: string;

  constructor(environment: ConfigEnvironment, parts: ConfigCatalogParts) {
    this.#environment = environment;
    this.#parts = parts;
    const { bucket, key } = environment.config;
    const slash = key.lastIndexOf('/') + 1;
    this.#name = key.slice(slash);
    this.#texts = new CachedTexts({
      objects: parts.objects,
      now: parts.now,
      maxAgeMs: DOCUMENT_MAX_AGE_MS,
      at: { bucket, prefix: key.slice(0, slash) },
      isMeant: (name) => name === this.#name,
      parse: (text) => this.#open(text),
      onError: (error, url) =>
        parts.log.error('the configuration cannot be used', { url, ...errorFields(error) }),
    });
  }

  async ofQueue(queue: string | null, options: { readonly isFresh?: boolean } = {}): Promise<QueueTargets> {
    const known = options.isFresh ? undefined : takersOf(queue, await this.#config());
    const takers = known ?? takersOf(queue, await this.#config({ isFresh: true }));
    if (takers !== undefined) return takers;
    const what = queue === null ? 'the event came through no queue' : `no target names the queue '${queue}'`;
    throw new LoadError('queue-unknown', `${what}, and no target of the configuration names a prefix`, {
      class: 'config',
      hint: "write the queue, or a prefix, into the 'from' of a target",
    });
  }

  async sites(options: { readonly isFresh?: boolean } = {}): Promise<readonly Site[]> {
    const { config, site, bulk } = await this.#config(options);
    for (const { path, site: name } of await bulk.all(options)) {
      const { definition } = path;
      if (name !== site.name || config.targets.has(definition.name)) continue;
      site.targets.set(definition.name, definition);
      site.bulkTargets.add(definition.name);
    }
    return [site];
  }

  async ofBulk(spec: BulkSpec, document: Readonly<Record<string, unknown>>): Promise<Site> {
    await this.sites({ isFresh: true });
    const { site, bulk } = await this.#config();
    const { cluster } = spec;
    if (cluster && (cluster.identifier !== site.warehouse || cluster.database !== site.database)) {
      throw new LoadError(
        'bulk-place',
        `the bulk document is about ${cluster.identifier}, database ${cluster.database}, and the configuration ` +
          `about ${site.warehouse}, database ${site.database}`,
        { hint: "correct its 'cluster', or leave it out" },
      );
    }
    await bulk.remember(site, spec, document);
    return site;
  }

  isOwn(): boolean {
    // Routes refuse what is below the control prefix; and a configuration is checked for sources that overlap it.
    return false;
  }

  async #config(options: { readonly isFresh?: boolean } = {}): Promise<OpenConfig> {
    const reading = await this.#texts.one(this.#name, options);
    if (reading === undefined) {
      throw new LoadError('config-missing', `there is no ${urlOf(this.#environment.config)}`, {
        class: 'config',
        hint: 'write it there, or correct MILLRACE_CONFIG',
      });
    }
    if ('error' in reading) throw reading.error;
    return reading.value;
  }

  #open(text: string): OpenConfig {
    const { environment, wakeQueueUrl } = this.#environment;
    const source = urlOf(this.#environment.config);
    const config = parseWith(this.#parts.transforms, text, { source, environment });
    const { tracker, control } = config;
    const warehouse = requireRedshift(config, source);
    if (tracker.kind !== 'dynamodb' || config.objects.kind !== 's3') {
      throw new LoadError(
        'config-invalid',
        `${source}: on Lambda, 'objects' have to be of kind 's3' and 'tracker' of kind 'dynamodb'`,
        { class: 'config', hint: 'a function has no disk of its own: write both' },
      );
    }
    const routes = compileRoutes(config);
    const site = openSite(
      {
        // As everybody else calls the lanes who works by the same configuration.
        name: warehouse.database,
        address: warehouse.address,
        database: warehouse.database,
        secretArn: warehouse.secretArn,
        table: tracker.table,
        settings: {
          control,
          iamRole: warehouse.iamRole,
          maxLoads: warehouse.maxLoads,
          statementTimeoutMs: warehouse.statementTimeoutMs,
          windows: warehouse.windows,
          maxHoldMs: warehouse.maxHoldMs,
        },
        routesOf: (at: ObjectRef) => routesOf(routes, at),
        wakeQueueUrl: wakeQueueUrl ?? config.wakes?.queue,
        // As `millrace up` writes them, which may share the queue.
        wakePrefix: '',
        alerts: config.alerts,
        events: openSiteEvents(config, {
          ...this.#parts,
          table: tracker.table,
          database: warehouse.database,
          warehouse: new DataApiWarehouse(this.#parts.clients.redshiftData, {
            ...warehouse,
            timeoutMs: CHECK_TIMEOUT_MS,
            patienceMs: CHECK_TIMEOUT_MS,
            now: this.#parts.now,
          }),
          onBlind: (error) =>
            this.#parts.log.warn(
              'rows of events are not checked against their tables for now',
              errorFields(error),
            ),
        }),
      },
      this.#parts,
    );
    for (const [name, definition] of config.targets) site.targets.set(name, definition);
    const { objects, now, log } = this.#parts;
    const bulk = new BulkTargets({
      objects,
      control,
      now,
      maxAgeMs: DOCUMENT_MAX_AGE_MS,
      onError: (error, url) => log.error('a bulk document cannot be used', { url, ...errorFields(error) }),
    });
    return { config, site, bulk };
  }
}

/** @throws ConfigError */
function parseWith(
  transforms: Readonly<Record<string, Transform>>,
  text: string,
  options: { readonly source: string; readonly environment: string | undefined },
): MillraceConfig {
  const config = parseJsonObject(text);
  if (config === undefined || Object.keys(transforms).length === 0) return parseConfigText(text, options);
  const events = typeof config.events === 'object' ? config.events : {};
  return parseConfig({ ...config, events: { ...events, ...transforms } }, options);
}

/** Undefined for what is no object: reading it as a configuration says what is wrong with it. */
function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whose files a queue announces, by a configuration; undefined: it does not say. */
function takersOf(queue: string | null, { config, site }: OpenConfig): QueueTargets | undefined {
  const targets = [...config.targets.values()];
  const named = targets.filter(({ queues }) => queue !== null && queues.includes(queue));
  if (named.length > 0) return { site, targets: named.map(({ name }) => name) };
  return targets.some(({ rules }) => rules.length > 0) ? { site, targets: null } : undefined;
}

function requireRedshift({ warehouse }: MillraceConfig, source: string): RedshiftWarehouse {
  if (warehouse.kind === 'redshift') return warehouse;
  throw new LoadError('config-invalid', `${source}: on Lambda, 'warehouse' has to be of kind 'redshift'`, {
    class: 'config',
    hint: 'write it, or pick an environment with one by MILLRACE_ENV',
  });
}
