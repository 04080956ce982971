import { parseConfig, splitStatements } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { InferredTable } from '../infer/inferred-table.ts';
import { renderConfigJson, renderConfigModule } from './render-config.ts';
import { renderCreateTable } from './render-create-table.ts';

const TABLES: readonly Pick<InferredTable, 'format' | 'copy'>[] = [
  { format: { kind: 'csv', header: true, delimiter: '\t' }, copy: "TIMEFORMAT 'auto' NULL AS 'N''A'" },
  { format: { kind: 'json', ignoreCase: true }, copy: null },
  { format: { kind: 'parquet' }, copy: null },
];

const NEW = { target: 'sales.orders', from: 's3://lake/sales/orders/', objects: 'objects' };

describe('a new configuration', () => {
  it.each(TABLES)('as JSON is valid ($format.kind)', (table) => {
    const json: unknown = JSON.parse(renderConfigJson({ ...NEW, table }));
    const target = parseConfig(json, { source: 'millrace.config.json' }).targets.get('sales.orders');
    expect(target?.format).toBe(table.format.kind);
  });

  it('as a module says the same in its own words', () => {
    const [table = { format: { kind: 'csv' }, copy: null }] = TABLES;
    expect(renderConfigModule({ ...NEW, table }).split('\n')).toEqual(
      expect.arrayContaining([
        "import { append, csv, defineConfig, directory } from 'millrace';",
        "  objects: directory({ path: 'objects' }),",
        "      format: csv({ header: true, delimiter: '\\t' }),",
        `      copy: "TIMEFORMAT 'auto' NULL AS 'N''A'",`,
      ]),
    );
  });
});

describe('a new migration', () => {
  it('is SQL whatever the columns are called, with what was seen beside them', () => {
    const sql = renderCreateTable(
      'sales.orders',
      {
        columns: [
          { label: 'order', name: 'order', type: 'INTEGER', why: 'whole numbers of 1 digit' },
          { label: 'x', name: 'x', type: 'VARCHAR(16)', why: "'; DROP TABLE x; --\n" },
        ],
        format: { kind: 'csv' },
        copy: null,
        rows: 1,
        isWhole: true,
        warnings: ['a warning'],
      },
      { sampleName: 'orders.csv' },
    );
    expect(sql.split('\n').slice(2)).toEqual([
      '-- VARCHAR lengths are bytes, at least twice what was seen.',
      '-- Mind: a warning.',
      'CREATE SCHEMA IF NOT EXISTS sales;',
      '',
      'CREATE TABLE sales.orders (',
      '  "order" INTEGER,    -- whole numbers of 1 digit',
      "  x       VARCHAR(16) -- '; DROP TABLE x; --\\n",
      ');',
      '',
    ]);
    expect(splitStatements(sql)).toHaveLength(2);
  });
});
