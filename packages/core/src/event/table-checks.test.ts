import { describe, expect, it } from 'vitest';
import type { TableColumn } from '../ports/warehouse.ts';
import type { RowShape } from './apply-transforms.ts';
import { columnListOf } from './column-list.ts';
import { checkRow } from './csv-row.ts';
import { TableChecks, type TableChecksOptions } from './table-checks.ts';
import type { RowValue } from './transform.ts';

const SHAPE: RowShape = {
  target: 'public.views',
  list: columnListOf(['id', 'url']),
  names: ['id', 'url'],
  required: [0],
  isOncePerKey: true,
};

const column = (name: string, type: string, isNullable = true): TableColumn => ({
  name,
  type,
  isNullable,
  isIdentity: false,
});

/** A warehouse with one table, whose columns take texts of so many characters. */
class World {
  now = 1_000_000;
  length = 5;
  looks = 0;
  isAway = false;
  readonly blind: unknown[] = [];
  readonly checks: TableChecks;

  constructor(options: Partial<TableChecksOptions> = {}) {
    this.checks = new TableChecks({
      warehouse: {
        dialect: {
          name: 'test',
          maxStatementBytes: 1,
          maxStatements: 1,
          render: () => '',
          checkOf: ({ type }) => {
            const length = Number(/\d+/u.exec(type)?.[0]);
            return (value) => (String(value).length > length ? 'it is too long' : undefined);
          },
        },
        describeTable: async () => {
          this.looks += 1;
          if (this.isAway) throw new Error('away');
          return [column('id', 'varchar(9)'), column('url', `varchar(${this.length})`, false)];
        },
      },
      copyOptionsOf: () => 'CSV',
      now: () => this.now,
      onBlind: (error) => this.blind.push(error),
      ...options,
    });
  }

  judge(...values: readonly RowValue[]) {
    return this.checks.judge(SHAPE, values, this.now);
  }

  look() {
    return this.checks.look('public.views');
  }
}

describe('rows of events', () => {
  it('are judged by the columns of their table, which are asked for once', async () => {
    const world = new World();
    expect(world.judge('1', 'short')).toBe('ask');
    await world.look();
    expect(world.judge('1', 'short')).toBeUndefined();
    expect(world.judge('1', 'too long')).toEqual({
      code: 'value-misfit',
      target: 'public.views',
      reason: "'too long' does not fit column 'url' of public.views (varchar(5)): it is too long",
    });
    expect(world.judge('1', null)).toMatchObject({
      reason:
        "NULL does not fit column 'url' of public.views (varchar(5)): it is NULL, and the column is NOT NULL",
    });
    expect(world.judge(null, 'ok')).toBeUndefined();
    world.now += 59 * 60_000;
    expect(world.judge('1', 'short')).toBeUndefined();
    expect(world.looks).toBe(1);
  });

  it('are rejected for an object of which no JSON can be made', async () => {
    const world = new World();
    await world.look();
    const circle: Record<string, unknown> = {};
    circle.itself = circle;
    // What makes a text of it throws.
    expect(world.judge('1', { toString: 1 } as RowValue)).toMatchObject({
      code: 'value-invalid',
      target: 'public.views',
    });
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as RowValue;
    expect(checkRow([circle as RowValue])).toMatchObject({ code: 'value-invalid' });
    expect(checkRow([deep])).toMatchObject({ code: 'value-invalid' });
  });

  it('are not rejected for what was known before a table was altered', async () => {
    const world = new World();
    await world.look();
    world.now += 2_000;
    world.length = 20;
    expect(world.judge('1', 'too long')).toBe('ask');
    await world.look();
    expect(world.judge('1', 'too long')).toBeUndefined();
  });

  it('pass unchecked while the warehouse is away, which is told once', async () => {
    const world = new World();
    world.isAway = true;
    expect(world.judge('1', 'too long')).toBe('ask');
    await world.look();
    expect(world.judge('1', 'too long')).toBeUndefined();
    world.now += 31_000;
    expect(world.judge('1', 'short')).toBe('ask');
    await world.look();
    expect(world.blind).toHaveLength(1);
    world.isAway = false;
    world.now += 31_000;
    expect(world.judge('1', 'too long')).toBe('ask');
    await world.look();
    expect(world.judge('1', 'too long')).toMatchObject({ code: 'value-misfit' });
  });

  it('pass when what speaks against them cannot be confirmed', async () => {
    const world = new World();
    await world.look();
    world.now += 2_000;
    world.isAway = true;
    expect(world.judge('1', 'too long')).toBe('ask');
    await world.look();
    expect(world.judge('1', 'too long')).toBeUndefined();
  });

  it('of targets that are not checked are not asked about again', async () => {
    const world = new World({ copyOptionsOf: () => undefined });
    await world.look();
    expect(world.judge('1', 'too long')).toBeUndefined();
    expect(world.looks).toBe(0);
  });
});
