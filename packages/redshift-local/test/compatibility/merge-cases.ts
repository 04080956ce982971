import type { CompatibilityCase, CompatibilitySection } from './compatibility-case.ts';

const STAGE = [
  'create temp table stage (like sales)',
  "insert into stage values (2, 11, 101, 5, 99.99, '2024-03-01'), (3, 12, 102, 1, 10.00, '2024-03-02')",
];
const SOLD = 'select salesid, qtysold from sales order by 1';

function merge(
  shows: string,
  sql: string,
  rows: readonly (readonly unknown[])[],
  more: Partial<CompatibilityCase> = {},
): CompatibilityCase {
  return { shows, sql, verdict: 'executed', before: STAGE, check: SOLD, rows, ...more };
}

function refused(
  shows: string,
  sql: string,
  note: string,
  more: Partial<CompatibilityCase> = {},
): CompatibilityCase {
  return { shows, sql, verdict: 'refused', note, before: STAGE, ...more };
}

const INSERT =
  'when not matched then insert values (stage.salesid, stage.listid, stage.buyerid, stage.qtysold, stage.pricepaid, stage.saletime)';

export const MERGE_SECTIONS: readonly CompatibilitySection[] = [
  {
    title: 'MERGE and the recipes around it',
    cases: [
      merge(
        'update and insert',
        `merge into sales using stage on sales.salesid = stage.salesid when matched then update set qtysold = stage.qtysold, pricepaid = stage.pricepaid ${INSERT}`,
        [
          [1, 2],
          [2, 5],
          [3, 1],
        ],
      ),
      merge(
        'some columns of an insert, the source under another name',
        'merge into sales using stage as s on sales.salesid = s.salesid when matched then update set qtysold = s.qtysold when not matched then insert (salesid, qtysold) values (s.salesid, s.qtysold)',
        [
          [1, 2],
          [2, 5],
          [3, 1],
        ],
      ),
      merge(
        'delete and insert',
        `merge into sales using stage on sales.salesid = stage.salesid when matched then delete ${INSERT}`,
        [
          [1, 2],
          [3, 1],
        ],
      ),
      merge(
        'expressions',
        'merge into sales using stage s on sales.salesid = s.salesid when matched then update set qtysold = s.qtysold * 10, saletime = getdate() when not matched then insert (salesid, qtysold) values (s.salesid + 100, nvl(s.qtysold, 0))',
        [
          [1, 2],
          [2, 50],
          [103, 1],
        ],
      ),
      merge(
        'a sub-query as source',
        'merge into sales using (select salesid, max(qtysold) as qtysold from stage group by salesid) s on sales.salesid = s.salesid when matched then update set qtysold = s.qtysold when not matched then insert (salesid, qtysold) values (s.salesid, s.qtysold)',
        [
          [1, 2],
          [2, 5],
          [3, 1],
        ],
      ),
      merge(
        'two keys',
        'merge into sales using stage s on sales.salesid = s.salesid and sales.buyerid = s.buyerid when matched then update set qtysold = s.qtysold when not matched then insert (salesid, qtysold) values (s.salesid, s.qtysold)',
        [
          [1, 2],
          [2, 5],
          [3, 1],
        ],
      ),
      merge(
        'REMOVE DUPLICATES',
        'merge into sales using stage on sales.salesid = stage.salesid remove duplicates',
        [
          [1, 2],
          [2, 5],
          [3, 1],
        ],
      ),
      merge(
        'keys that are NULL never match',
        'merge into sales using (select null::int as salesid, 7 as qtysold) s on sales.salesid = s.salesid when matched then update set qtysold = s.qtysold when not matched then insert (salesid, qtysold) values (9, s.qtysold)',
        [
          [1, 2],
          [2, 1],
          [9, 7],
        ],
      ),
      merge(
        'replace rows: DELETE USING, then INSERT',
        'delete from sales using stage where sales.salesid = stage.salesid',
        [[1, 2]],
      ),
      merge(
        'a staged column: UPDATE FROM',
        'update sales set qtysold = s.qtysold from stage s where sales.salesid = s.salesid',
        [
          [1, 2],
          [2, 5],
        ],
      ),
      {
        ...merge(
          'UPDATE FROM where several rows match one',
          'update sales set qtysold = s.qtysold from (select 1 as salesid, 7 as qtysold union all select 1, 7) s where sales.salesid = s.salesid',
          [
            [1, 7],
            [2, 1],
          ],
        ),
        verdict: 'differs',
        note: 'the number of rows that is told counts the matches, not the rows',
      },
      merge(
        'insert what is missing',
        'insert into sales select s.* from stage s left join sales t on t.salesid = s.salesid where t.salesid is null',
        [
          [1, 2],
          [2, 1],
          [3, 1],
        ],
      ),
      refused(
        'two source rows for one target row, as in Redshift',
        `merge into sales using stage on sales.salesid = stage.salesid when matched then update set qtysold = stage.qtysold ${INSERT}`,
        'Found multiple matches to update the same tuple.',
        { before: [...STAGE, 'insert into stage select * from stage where salesid = 2'] },
      ),
      refused(
        'only one of the two branches, as in Redshift',
        'merge into sales using stage on sales.salesid = stage.salesid when matched then delete',
        'syntax error',
      ),
      refused(
        'a condition on a branch, as in Redshift',
        `merge into sales using stage on sales.salesid = stage.salesid when matched and stage.qtysold > 1 then delete ${INSERT}`,
        'syntax error at or near "and"',
      ),
    ],
  },
];
