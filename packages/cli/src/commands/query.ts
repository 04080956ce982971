import { LoadError, type Operations, type QueryResult, type SqlValue } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openSession } from '../control/session.ts';
import { cutText, showText } from '../terminal/show-text.ts';
import { formatTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { count } from '../terminal/words.ts';

/** On a terminal a longer value would push the others off the screen; pipes and --json get it whole. */
const MAX_CELL_WIDTH = 60;

export function addQuery(program: Command, context: CommandContext): void {
  program
    .command('query')
    .description('Run one SQL statement in the warehouse, and show its rows.')
    .argument('<sql>', 'one statement')
    .addHelpText(
      'after',
      `
Any statement is run, also one that writes. With --json: a list with an object per row. Integers beyond 2^53 and
DECIMAL are strings, timestamps are YYYY-MM-DD HH:MM:SS[.ffffff].

Examples:
  $ millrace query 'SELECT origin, COUNT(*) FROM flights GROUP BY 1 ORDER BY 2 DESC LIMIT 5'
  $ millrace query 'SELECT * FROM flights' --json | jq length

Exit codes: 0 done, 1 the statement failed, 2 wrong usage or configuration.`,
    )
    .action(async (sql: string, _: unknown, command: Command) => {
      const project = await context.project(command);
      await using session = await openSession(project, { what: 'millrace query', purpose: 'inspect' });
      const result = await ask(session.operations, sql);
      if (context.options(command).json) context.terminal.json(result.rows);
      else showResult(result, context.terminal);
    });
}

/** Advice of the error table is about loads (their COPY options, their files); to a question it would be beside the point. */
async function ask(operations: Operations, sql: string): Promise<QueryResult> {
  try {
    return await operations.query(sql);
  } catch (error) {
    if (!(error instanceof LoadError) || error.code === 'up-gone') throw error;
    throw new LoadError(error.code, error.message, { class: error.class, cause: error });
  }
}

function showResult({ columns, rows }: QueryResult, terminal: Terminal): void {
  if (columns.length > 0) {
    const show = (text: string) => (terminal.showsResults ? cutText(text, MAX_CELL_WIDTH) : text);
    const layout = columns.map((column) => {
      const isNumeric = rows.length > 0 && rows.every((row) => isNumber(row[column] ?? null));
      return { title: show(showText(column)), align: isNumeric ? 'right' : 'left' } as const;
    });
    terminal.result(
      formatTable(
        layout,
        rows.map((row) => columns.map((column) => show(cellText(row[column] ?? null)))),
      ),
    );
  }
  terminal.note(`(${count(rows.length, 'row')})`);
}

function cellText(value: SqlValue): string {
  return value === null ? 'NULL' : showText(String(value));
}

/** Also the strings that big integers and decimals come as. */
function isNumber(value: SqlValue): boolean {
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return true;
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/u.test(value);
}
