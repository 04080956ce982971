import { bulkLoad, type HandedFile, parseBulkSpec } from '@millrace/core';
import type { Composition } from '../compose.ts';
import type { InvocationContext } from '../event/lambda-event.ts';
import { outOfTime } from '../shift/out-of-time.ts';
import { readBulkEvent } from './read-bulk-event.ts';

/** What a bulk load found, by table. The loads themselves go on when the function is done. */
export interface BulkReport {
  readonly tables: readonly {
    readonly table: string;
    /** Objects below the paths. */
    readonly files: number;
    /** Of these, loaded before. */
    readonly loaded: number;
    readonly waiting: number;
    readonly quarantined: number;
  }[];
}

/**
 * Hands what a bulk document names to the lanes of its tables: by hand, or by a schedule for yesterday's partition. The
 * files go through the same lanes and receipts as all others, so that what is loaded is not loaded again; lanes of tables
 * that nothing else loads leave a place of the budget free, and come last.
 *
 * @throws ConfigError and LoadError for input that cannot be used; nothing is loaded then.
 */
export function createBulkLoader(
  compose: () => Composition,
): (event: unknown, context: InvocationContext) => Promise<BulkReport> {
  return async (event, context) => {
    const { begin, catalog, now } = compose();
    const shift = begin(context);
    const document = readBulkEvent(event, now());
    const text = JSON.stringify(document);
    const spec = parseBulkSpec(text, { source: 'the bulk input' });
    if (shift.isShort) throw outOfTime('a bulk load');
    const site = await catalog.ofBulk(spec, document);
    const handed = await bulkLoad(shift.loaderOf(site), text, { targets: site.targets });
    await shift.finish();
    return { tables: [...new Set(handed.map(({ target }) => target))].map((table) => sum(table, handed)) };
  };
}

function sum(table: string, handed: readonly HandedFile[]): BulkReport['tables'][number] {
  const files = handed.filter(({ target }) => target === table);
  const count = (status: HandedFile['status']): number =>
    files.filter((file) => file.status === status).length;
  return {
    table,
    files: files.length,
    loaded: count('loaded'),
    waiting: count('waiting'),
    quarantined: count('quarantined'),
  };
}
