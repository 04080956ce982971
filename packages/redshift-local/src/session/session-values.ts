import { quoteText } from '../catalog/quote.ts';
import type { SESSION_VARIABLES } from '../translate/session-variables.ts';
import type { RowsResult } from './result.ts';
import type { SessionState } from './statement-context.ts';

/** What the functions that tell of a session can be asked about. */
export interface SessionFacts extends SessionState {
  readonly pid: number;
  readonly database: string;
}

type Variable = keyof typeof SESSION_VARIABLES;

/** Functions without arguments whose answer is a number that the session knows, with the type of their column. */
const NUMBERS: ReadonlyMap<
  string,
  { variable: Variable; type: 'int4' | 'int8'; read: (facts: SessionFacts) => number }
> = new Map([
  [
    'pg_last_copy_count',
    { variable: 'rs_last_copy_count', type: 'int8', read: ({ lastCopyCount }) => lastCopyCount },
  ],
  ['pg_last_copy_id', { variable: 'rs_last_copy_id', type: 'int4', read: ({ lastCopyId }) => lastCopyId }],
  ['pg_last_query_id', { variable: 'rs_last_query_id', type: 'int4', read: ({ queryId }) => queryId - 1 }],
  [
    'pg_last_unload_count',
    { variable: 'rs_last_unload_count', type: 'int8', read: ({ lastUnloadCount }) => lastUnloadCount },
  ],
  [
    'pg_last_unload_id',
    { variable: 'rs_last_unload_id', type: 'int4', read: ({ lastUnloadId }) => lastUnloadId },
  ],
  ['pg_backend_pid', { variable: 'rs_backend_pid', type: 'int4', read: ({ pid }) => pid }],
]);

const LONE_CALL = /^\s*select\s+(\w+)\s*\(\s*\)(?:\s+as\s+([a-z_]\w*))?\s*$/iu;

/**
 * The answer to `SELECT pg_last_copy_count() [AS name]` and its like: the session knows it, and DuckDB would take
 * longer to be told than to be asked. Undefined for every other statement.
 */
export function answerFromSession(sql: string, facts: SessionFacts): RowsResult | undefined {
  const [, called = '', alias] = LONE_CALL.exec(sql) ?? [];
  const name = called.toLowerCase();
  const asked = NUMBERS.get(name);
  if (asked === undefined) return undefined;
  return {
    kind: 'rows',
    columns: [{ name: alias?.toLowerCase() ?? name, type: asked.type }],
    rows: [[asked.read(facts)]],
  };
}

const LONE_VALUE = /^\s*(\w+)\s*\(\s*\)\s*$/u;

/** The value of a call that stands alone among the VALUES of an INSERT, as SQL; undefined for every other text. */
export function valueFromSession(text: string, facts: SessionFacts): string | undefined {
  const asked = NUMBERS.get(LONE_VALUE.exec(text)?.[1]?.toLowerCase() ?? '');
  if (asked === undefined) return undefined;
  return `CAST(${asked.read(facts)} AS ${asked.type === 'int8' ? 'BIGINT' : 'INTEGER'})`;
}

const USER_WORDS = /\b(?:current_user|session_user|user)\b/iu;

/** The variables that DuckDB has to know for this statement, as SQL. */
export function variablesOf(sql: string, facts: SessionFacts): ReadonlyMap<Variable, string> {
  const values = new Map<Variable, string>();
  const text = sql.toLowerCase();
  for (const [name, { variable, read }] of NUMBERS) {
    if (text.includes(name)) values.set(variable, String(read(facts)));
  }
  if (USER_WORDS.test(sql)) values.set('rs_user', quoteText(facts.user));
  if (text.includes('current_database')) values.set('rs_database', quoteText(facts.database));
  return values;
}
