import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTranslated } from '../../test/translated-connection.ts';
import type { Value } from '../session/result.ts';
import { callProcedure, type ProcedureContext } from './call-procedure.ts';
import { type Procedure, parseCreateProcedure } from './parse-create-procedure.ts';

let redshift: Awaited<ReturnType<typeof openTranslated>>;
let procedures: Procedure[];
let notices: string[];

beforeAll(async () => {
  redshift = await openTranslated();
});
afterAll(() => redshift.close());
beforeEach(async () => {
  procedures = [];
  notices = [];
  await redshift.connection.run('create or replace table t (id integer, note varchar)');
});

function create(signature: string, body: string): void {
  procedures.push(
    parseCreateProcedure(`create or replace procedure ${signature} as $$ ${body} $$ language plpgsql`),
  );
}

const context: ProcedureContext = {
  find: ({ name }) => procedures.filter((procedure) => procedure.name.name === name),
  execute: async (sql) => void (await redshift.query(sql)),
  queryRow: async (sql) => (await redshift.query(sql)).rows[0] as Value[] | undefined,
  notice: (level, message) => void notices.push(`${level}: ${message}`),
};

async function rows(): Promise<unknown[][]> {
  return (await redshift.query('select id, note from t order by id')).rows;
}

describe('callProcedure', () => {
  it('puts arguments in by name and by number', async () => {
    create(
      'add(p_id integer, varchar(10))',
      'BEGIN insert into t values (p_id, $2); insert into t values (p_id + 1, $2); END;',
    );
    await callProcedure("call add(1, 'it''s \\\\ ' || 'x')", context);
    expect(await rows()).toEqual([
      [1, "it's \\ x"],
      [2, "it's \\ x"],
    ]);
  });

  it('keeps variables, decides and tells', async () => {
    create(
      'label(p_id in integer)',
      `DECLARE n integer := 0; word varchar(20) DEFAULT 'few'; limit_at constant int = 1;
       BEGIN
         select into n count(*) from t;
         IF case when n > limit_at then true else false end THEN word := 'many';
         ELSIF n = limit_at THEN word := 'one';
         ELSE RAISE INFO 'there are % rows, 100%%', n; END IF;
         insert into t (id, note) values (p_id, word);
       END`,
    );
    for (const id of [1, 2, 3]) await callProcedure(`call label(${id})`, context);
    expect((await rows()).map(([, note]) => note)).toEqual(['few', 'one', 'many']);
    expect(notices).toEqual(['info: there are 0 rows, 100%']);
  });

  it('hands back OUT and INOUT parameters, and calls others', async () => {
    create('twice(n inout integer, told out varchar)', "BEGIN n := n * 2; told := 'was ' || n; END");
    create('outer_one()', 'BEGIN call twice(4); insert into t values (1, null); END');
    expect(await callProcedure('call twice(21)', context)).toEqual([
      { name: 'n', type: 'integer', value: 42 },
      { name: 'told', type: 'varchar', value: 'was 42' },
    ]);
    await callProcedure('call outer_one()', context);
    expect(await rows()).toEqual([[1, null]]);
  });

  it('stops at RETURN and at RAISE EXCEPTION', async () => {
    create('early()', 'BEGIN insert into t values (1, null); RETURN; insert into t values (2, null); END');
    await callProcedure('call early()', context);
    expect(await rows()).toHaveLength(1);
    create('bad(id int)', "BEGIN RAISE EXCEPTION 'no such id: %', id; END");
    await expect(callProcedure('call bad(7)', context)).rejects.toMatchObject({
      message: 'no such id: 7',
      sqlState: 'P0001',
    });
  });

  it('ends a procedure that calls itself for ever', async () => {
    create('again()', 'BEGIN call again(); END');
    await expect(callProcedure('call again()', context)).rejects.toThrow(/nesting level exceeds 16/u);
  });

  it('knows no procedure of another name or number of arguments', async () => {
    create('one(a int)', 'BEGIN null; END');
    await expect(callProcedure('call one()', context)).rejects.toThrow('procedure one() does not exist');
    await expect(callProcedure('call other(1)', context)).rejects.toThrow(
      'procedure other(unknown) does not exist',
    );
  });

  it('refuses to change a constant', async () => {
    create('fixed()', 'DECLARE a CONSTANT int := 1; BEGIN a := 2; END');
    await expect(callProcedure('call fixed()', context)).rejects.toThrow('"a" is declared CONSTANT');
  });
});

describe('parseCreateProcedure refuses what it cannot run, by name', () => {
  it.each<[body: string, message: RegExp]>([
    ['BEGIN FOR i IN 1..3 LOOP null; END LOOP; END', /^FOR in a procedure is not supported/u],
    ['BEGIN WHILE true LOOP null; END LOOP; END', /^WHILE in a procedure/u],
    ["BEGIN EXECUTE 'select 1'; END", /^EXECUTE in a procedure/u],
    ['BEGIN COMMIT; END', /^COMMIT in a procedure/u],
    ['BEGIN null; EXCEPTION WHEN OTHERS THEN null; END', /^EXCEPTION in a procedure/u],
    ['BEGIN BEGIN null; END; END', /^a nested block in a procedure/u],
    ['DECLARE r RECORD; BEGIN null; END', /^RECORD in a procedure/u],
    ['DECLARE r t.id%TYPE; BEGIN null; END', /%TYPE and %ROWTYPE/u],
    ['BEGIN select 1; END', /^query has no destination for result data/u],
    ['BEGIN insert into t values (1)', /^syntax error at end of input/u],
  ])('%s', (body, message) => {
    expect(() => create('p()', body)).toThrow(message);
  });

  it('a procedure without a body or in another language', () => {
    expect(() => parseCreateProcedure('create procedure p() language plpgsql')).toThrow(
      'no procedure body specified',
    );
    expect(() => parseCreateProcedure('create procedure p() as $$ BEGIN END $$ language plpythonu')).toThrow(
      /^language "plpythonu" does not exist/u,
    );
  });
});
