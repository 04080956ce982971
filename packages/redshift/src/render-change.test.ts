import { describe, expect, it } from 'vitest';
import { renderChange } from './render-change.ts';

const table = { schema: 'public', name: 'orders' };
const history = { schema: 'millrace', name: 'changes_public_orders_1' };

describe('a change of a table', () => {
  it('is one statement, the name of its column quoted', () => {
    expect(
      renderChange({ kind: 'add-column', table, column: 'a "b"', type: { kind: 'text', bytes: 32 } }),
    ).toBe('ALTER TABLE "public"."orders" ADD COLUMN "a ""b""" VARCHAR(32)');
    expect(renderChange({ kind: 'widen-column', table, column: 'city', bytes: 65_535 })).toBe(
      'ALTER TABLE "public"."orders" ALTER COLUMN "city" TYPE VARCHAR(65535)',
    );
    const decimal = { kind: 'decimal', precision: 38, scale: 7 } as const;
    expect(renderChange({ kind: 'add-column', table, column: 'x', type: decimal })).toContain(
      'DECIMAL(38, 7)',
    );
    expect(renderChange({ kind: 'add-column', table, column: 'x', type: { kind: 'json' } })).toContain(
      'SUPER',
    );
  });

  it('is written down once, whatever stands in the names', () => {
    const sql = renderChange({
      kind: 'record-change',
      history,
      change: {
        id: 'c1',
        column: "o'clock",
        change: 'add',
        fromType: null,
        statement: 'ALTER TABLE t',
        fileUrl: "s3://lake/it's \\ here",
        plannedAt: 7,
      },
    });
    expect(sql).toContain(
      "'c1', 'o''clock', 'add', CAST(NULL AS VARCHAR(128)), 'ALTER TABLE t', 's3://lake/it''s \\\\ here'",
    );
    expect(sql).toContain(
      `WHERE NOT EXISTS (SELECT 1 FROM "millrace"."changes_public_orders_1" WHERE change_id = 'c1')`,
    );
  });
});
