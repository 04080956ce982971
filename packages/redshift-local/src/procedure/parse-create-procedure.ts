import { RedshiftError } from '../redshift-error.ts';
import { type QualifiedName, TokenCursor } from '../sql/token-cursor.ts';
import { type ProcedureBody, parseBody } from './parse-body.ts';

export interface ProcedureParameter {
  /** Empty for a parameter without a name, which the body calls `$1`, `$2` …. */
  readonly name: string;
  readonly mode: 'in' | 'out' | 'inout';
  /** Redshift SQL. */
  readonly type: string;
}

/** A stored procedure, as CREATE PROCEDURE tells it. */
export interface Procedure {
  readonly name: QualifiedName;
  readonly orReplace: boolean;
  readonly parameters: readonly ProcedureParameter[];
  readonly body: ProcedureBody;
}

/**
 * Parses `CREATE [OR REPLACE] PROCEDURE name (parameters) [options] AS $$ … $$ LANGUAGE plpgsql`.
 *
 * The body is parsed too, so that what cannot be run is refused when the procedure is made, not when it is called.
 *
 * @throws RedshiftError 42601 for bad syntax, 0A000 for what of PL/pgSQL is not played here, by its name.
 */
export function parseCreateProcedure(sql: string): Procedure {
  const cursor = new TokenCursor(sql);
  cursor.expect('create');
  const orReplace = cursor.accept('or', 'replace');
  cursor.expect('procedure');
  const name = cursor.qualifiedName();
  const parameters = readParameters(cursor);
  let body: string | undefined;
  let language: string | undefined;
  while (!cursor.isAtEnd && !cursor.isSymbol(';')) {
    if (cursor.accept('as')) body = cursor.string();
    else if (cursor.accept('language')) language = cursor.identifier();
    else if (cursor.accept('nonatomic')) throw notPlayed('NONATOMIC');
    else if (cursor.accept('security')) cursor.identifier();
    else throw cursor.syntaxError();
  }
  if (body === undefined) throw new RedshiftError('no procedure body specified', { sqlState: '42P13' });
  if (language !== 'plpgsql') {
    throw new RedshiftError(`language "${language ?? ''}" does not exist; a procedure is LANGUAGE plpgsql`, {
      sqlState: '42704',
    });
  }
  return { name, orReplace, parameters, body: parseBody(body) };
}

/** `([mode] [name] type, …)` or `(name [mode] type)`: Redshift takes the mode on either side of the name. */
function readParameters(cursor: TokenCursor): ProcedureParameter[] {
  cursor.expectSymbol('(');
  const parameters: ProcedureParameter[] = [];
  if (cursor.acceptSymbol(')')) return parameters;
  do {
    const before = readMode(cursor);
    const isNamed = !isLastWord(cursor);
    const name = isNamed ? cursor.identifier() : '';
    const mode = before ?? readMode(cursor) ?? 'in';
    const type = cursor.textUntil(({ kind, text }) => kind === 'symbol' && (text === ',' || text === ')'));
    if (type === '') throw cursor.syntaxError();
    parameters.push({ name, mode, type });
  } while (cursor.acceptSymbol(','));
  cursor.expectSymbol(')');
  return parameters;
}

/** Whether only a type follows: one word, perhaps with a length, before the comma or the bracket. */
function isLastWord(cursor: TokenCursor): boolean {
  return cursor.isSymbol(',', 1) || cursor.isSymbol(')', 1) || cursor.isSymbol('(', 1);
}

function readMode(cursor: TokenCursor): ProcedureParameter['mode'] | undefined {
  if (cursor.accept('inout')) return 'inout';
  if (cursor.accept('out')) return 'out';
  return cursor.accept('in') ? 'in' : undefined;
}

function notPlayed(what: string): RedshiftError {
  return new RedshiftError(`${what} procedures are not supported by redshift-local`, { sqlState: '0A000' });
}
