import { LoadError, type StatementRef } from '@millrace/core';
import type { DataApi } from './data-api.ts';

/** Pages of 100 that are read for one name; more than 39 statements never share a prefix that names job and attempt. */
const MAX_PAGES = 100;

/**
 * The newest statement of exactly this name, whatever its state: the Data API matches prefixes, so that attempt 1 is
 * listed with 10 to 19, and its pages may be empty with more to come.
 */
export async function findStatement(api: DataApi, name: string): Promise<StatementRef | undefined> {
  let newest: { readonly id: string; readonly createdAt: number } | undefined;
  let nextToken: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await api.list(name, nextToken);
    for (const { Id, StatementName, CreatedAt } of page.Statements ?? []) {
      if (StatementName !== name || Id === undefined) continue;
      const createdAt = CreatedAt?.getTime() ?? 0;
      if (newest === undefined || createdAt > newest.createdAt) newest = { id: Id, createdAt };
    }
    nextToken = page.NextToken;
    if (nextToken === undefined || nextToken === '')
      return newest === undefined ? undefined : { name, id: newest.id };
  }
  throw new LoadError(
    'statements-unlisted',
    `${api.place}: more than ${MAX_PAGES} pages of statements named ${name}`,
    {
      class: 'transient',
      hint: 'statements are listed for a day; look whether something else uses the name',
    },
  );
}
