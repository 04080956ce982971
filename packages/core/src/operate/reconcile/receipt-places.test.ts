import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Statement } from '../../load/statement.ts';
import type { SqlRow } from '../../ports/warehouse.ts';
import type { Loader } from '../../verbs/loader.ts';
import { type ReceiptPlace, readReceiptPlaces } from './receipt-places.ts';
import { compareUrls } from './url-order.ts';

type Page = Extract<Statement, { kind: 'page-receipts' }>;

/** A loader of which only the warehouse is asked: it answers pages of receipts, or has no ledger. */
function loaderOf(rows: readonly SqlRow[] | undefined, limits: number[] = []): Loader {
  const warehouse = {
    dialect: { render: (statement: Statement) => JSON.stringify(statement) },
    describeTable: async () => (rows === undefined ? undefined : []),
    transact: async ([sql = '']: readonly string[]) => {
      const { after, before, limit } = JSON.parse(sql) as Page;
      limits.push(limit);
      return (rows ?? [])
        .filter(({ url }) => after === null || compareUrls(String(url), after) > 0)
        .filter(({ url }) => before === null || compareUrls(String(url), before) < 0)
        .slice(0, limit);
    },
  };
  return { warehouse } as unknown as Loader;
}

function rowOf(url: string, n: number): SqlRow {
  return { file_id: `${url} ${n % 3}`, key_id: url, url, etag: `e${n}`, size: n, job_id: `J${n}` };
}

async function placesOf(
  loader: Loader,
  options: { after?: string; before?: string; pageSize: number },
): Promise<ReceiptPlace[]> {
  const places: ReceiptPlace[] = [];
  const bounds = { after: options.after ?? null, before: options.before ?? null };
  for await (const place of readReceiptPlaces(loader, 'public.t', { ...bounds, pageSize: options.pageSize }))
    places.push(place);
  return places;
}

describe('receipts by place', () => {
  it('are all there, each place whole and once, wherever a page ends', async () => {
    const url = fc.constantFrom('s3://b/a', 's3://b/b', 's3://b/c', 's3://b/d', 's3://b/é', 's3://b/😀');
    const counts = fc.dictionary(url, fc.integer({ min: 1, max: 7 }));
    await fc.assert(
      fc.asyncProperty(counts, fc.integer({ min: 1, max: 6 }), async (byUrl, pageSize) => {
        const urls = Object.keys(byUrl).sort(compareUrls);
        const rows = urls.flatMap((one) => Array.from({ length: byUrl[one] ?? 0 }, (_, n) => rowOf(one, n)));
        const places = await placesOf(loaderOf(rows), { pageSize });
        expect(places.map((place) => [place.url, place.receipts.length])).toEqual(
          urls.map((one) => [one, byUrl[one]]),
        );
      }),
    );
  });

  it('are read between two bounds', async () => {
    const rows = ['s3://b/a', 's3://b/b', 's3://b/c', 's3://b/d'].map((url) => rowOf(url, 1));
    const places = await placesOf(loaderOf(rows), { after: 's3://b/a', before: 's3://b/d', pageSize: 1 });
    expect(places.map(({ url }) => url)).toEqual(['s3://b/b', 's3://b/c']);
  });

  it('have short pages again after a place that needed a long one', async () => {
    const limits: number[] = [];
    const rows = [...Array.from({ length: 9 }, (_, n) => rowOf('s3://b/a', n)), rowOf('s3://b/b', 1)];
    expect(await placesOf(loaderOf(rows, limits), { pageSize: 2 })).toHaveLength(2);
    expect(limits).toEqual([2, 4, 8, 16]);
  });

  it('are none where there is no ledger', async () => {
    expect(await placesOf(loaderOf(undefined), { pageSize: 2 })).toEqual([]);
  });
});
