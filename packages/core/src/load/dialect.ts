import type { CopyOptions } from '../copy/copy-options.ts';
import type { ChangeStatement } from '../drift/change-statement.ts';
import type { TableColumn } from '../ports/table-column.ts';
import type { Statement } from './statement.ts';
import type { ValueCheck } from './value-check.ts';

/** How a warehouse wants its SQL: abilities, and the rendering of each statement. Pure. */
export interface Dialect {
  readonly name: string;
  /** Bytes of UTF-8 that one statement may have (Data API: 100 KB per statement). */
  readonly maxStatementBytes: number;
  /** Statements that one transaction may have (Data API: 40 per batch). */
  readonly maxStatements: number;
  /**
   * Bytes that a column's name may have.
   *
   * @default 127
   */
  readonly maxNameBytes?: number;
  render(statement: Statement): string;
  /**
   * Whether `select-privileges` can be asked.
   *
   * @default false - the user of the warehouse may do everything, or nobody can tell
   */
  readonly supportsPrivilegeQuestions?: boolean;
  /**
   * How tables are changed, and how it is kept.
   *
   * @default tables stay as they are: a target may not say `drift: 'evolve'` or `'rescue'`
   */
  renderChange?(statement: ChangeStatement): string;
  /**
   * Whether the warehouse refuses a statement between BEGIN and COMMIT.
   *
   * @default none is
   */
  isAlone?(sql: string): boolean;
  /**
   * What speaks against a value of a column when it is loaded with these options; undefined: nothing that is known. Never
   * refuses what would be loaded.
   *
   * @default rows are not checked before they are loaded
   */
  checkOf?(column: TableColumn, options: CopyOptions): ValueCheck | undefined;
}
