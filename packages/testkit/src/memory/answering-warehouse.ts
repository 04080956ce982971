import type { Dialect, SqlRow, Statement, Warehouse } from '@millrace/core';

/** What a question is answered with, by its kind; a function may throw. A kind that is not named has no rows. */
export type Answers = {
  readonly [Kind in Statement['kind']]?: (statement: Extract<Statement, { kind: Kind }>) => readonly SqlRow[];
};

const PLAIN: Dialect = {
  name: 'answers',
  maxStatementBytes: 1_000_000,
  maxStatements: 40,
  supportsPrivilegeQuestions: true,
  render: (statement) => JSON.stringify(statement),
};

/** A warehouse for tests of what is asked: its SQL is the statement itself, and every question is answered as told. */
export function answeringWarehouse(answers: Answers, others: Partial<Warehouse> = {}): Partial<Warehouse> {
  return {
    dialect: PLAIN,
    transact: async (statements) => {
      let rows: readonly SqlRow[] = [];
      for (const sql of statements) {
        const statement = JSON.parse(sql) as Statement;
        const answer = answers[statement.kind] as ((one: Statement) => readonly SqlRow[]) | undefined;
        rows = answer?.(statement) ?? [];
      }
      return rows;
    },
    find: async () => undefined,
    ...others,
  };
}
