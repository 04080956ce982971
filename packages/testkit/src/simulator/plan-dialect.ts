import type { Dialect, Statement } from '@millrace/core';

/**
 * A warehouse whose SQL is the plan itself: statements are stored and sent as JSON, and the model warehouse carries them
 * out as they are meant. What the SQL of a real dialect does is tested elsewhere.
 */
export class PlanDialect implements Dialect {
  readonly name = 'plan';
  /** Small, so that jobs of ten files already bring their list in an object. */
  readonly maxStatementBytes = 4_000;
  readonly maxStatements = 40;

  render(statement: Statement): string {
    return JSON.stringify(statement);
  }
}

export function readPlan(text: string): Statement {
  return JSON.parse(text) as Statement;
}

/** A table's name as the model warehouse keeps it. */
export function nameOfTable({ schema, name }: { schema?: string; name: string }): string {
  return schema === undefined ? name : `${schema}.${name}`;
}
