import type { Token } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';
import { TokenCursor } from '../sql/token-cursor.ts';

export interface VariableDeclaration {
  readonly name: string;
  readonly type: string;
  readonly isConstant: boolean;
  /** Redshift SQL; undefined for NULL. */
  readonly initial: string | undefined;
}

export type RaiseLevel = 'info' | 'notice' | 'warning' | 'log' | 'exception';

/** One step of a procedure. Texts are Redshift SQL in which variables still stand by their names. */
export type Step =
  | { readonly kind: 'sql'; readonly sql: string }
  | { readonly kind: 'call'; readonly sql: string }
  | { readonly kind: 'assign'; readonly variable: string; readonly expression: string }
  | { readonly kind: 'select-into'; readonly sql: string; readonly variables: readonly string[] }
  | {
      readonly kind: 'raise';
      readonly level: RaiseLevel;
      readonly format: string;
      readonly values: readonly string[];
    }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: string; readonly steps: readonly Step[] }[];
      readonly otherwise: readonly Step[];
    }
  | { readonly kind: 'return' };

export interface ProcedureBody {
  readonly variables: readonly VariableDeclaration[];
  readonly steps: readonly Step[];
}

/** What of PL/pgSQL is not played, by the word it begins with. */
const REFUSED = new Set(
  'for while loop exit continue execute open fetch close move get perform commit rollback declare begin exception <<'.split(
    ' ',
  ),
);

const RAISE_LEVELS = new Set<string>(['info', 'notice', 'warning', 'log', 'exception']);

/**
 * Parses the body of a PL/pgSQL procedure: DECLARE, SQL statements, `:=`, SELECT … INTO, IF, RAISE, CALL, RETURN, NULL.
 *
 * @throws RedshiftError 0A000 for anything else of PL/pgSQL, by its name; 42601 for bad syntax.
 */
export function parseBody(body: string): ProcedureBody {
  const cursor = new TokenCursor(body);
  const variables = cursor.accept('declare') ? readVariables(cursor) : [];
  cursor.expect('begin');
  const steps = readSteps(cursor, () => cursor.isWord('end') || cursor.isWord('exception'));
  if (cursor.isWord('exception')) throw refusedWord('exception');
  cursor.expect('end');
  cursor.acceptSymbol(';');
  cursor.expectEnd();
  return { variables, steps };
}

function readVariables(cursor: TokenCursor): VariableDeclaration[] {
  const variables: VariableDeclaration[] = [];
  while (!cursor.isWord('begin')) {
    const name = cursor.identifier();
    if (cursor.isWord('alias') || cursor.isWord('cursor') || cursor.isWord('record')) {
      throw refusedWord(cursor.peek()?.text ?? '');
    }
    const isConstant = cursor.accept('constant');
    const type = cursor.textUntil(
      (token) =>
        isMark(token, ';') || isAssignment(cursor) || (token.kind === 'word' && token.text === 'default'),
    );
    if (/%/u.test(type))
      throw new RedshiftError('%TYPE and %ROWTYPE are not supported by redshift-local', {
        sqlState: '0A000',
      });
    const initial = takeAssignment(cursor) || cursor.accept('default') ? untilSemicolon(cursor) : undefined;
    cursor.expectSymbol(';');
    variables.push({ name, type, isConstant, initial });
  }
  return variables;
}

function readSteps(cursor: TokenCursor, isEnd: () => boolean): Step[] {
  const steps: Step[] = [];
  while (!isEnd()) {
    const step = readStep(cursor);
    if (step) steps.push(step);
  }
  return steps;
}

function readStep(cursor: TokenCursor): Step | undefined {
  const first = cursor.peek();
  if (first === undefined) throw new RedshiftError('syntax error at end of input', { sqlState: '42601' });
  if (first.kind === 'symbol' && first.text === '<') throw refusedWord('a label');
  if (REFUSED.has(first.text)) throw refusedWord(first.text);
  const step = readOneStep(cursor);
  cursor.expectSymbol(';');
  return step;
}

function readOneStep(cursor: TokenCursor): Step | undefined {
  if (cursor.accept('null')) return undefined;
  if (cursor.accept('return')) return { kind: 'return' };
  if (cursor.accept('if')) return readIf(cursor);
  if (cursor.accept('raise')) return readRaise(cursor);
  if (cursor.isWord('call')) return { kind: 'call', sql: untilSemicolon(cursor) };
  if (cursor.isSymbol(':', 1) || cursor.isSymbol('=', 1)) {
    const variable = cursor.identifier();
    if (!takeAssignment(cursor)) throw cursor.syntaxError();
    return { kind: 'assign', variable, expression: untilSemicolon(cursor) };
  }
  if (cursor.isWord('select') || cursor.isWord('with')) return readSelect(untilSemicolon(cursor));
  return { kind: 'sql', sql: untilSemicolon(cursor) };
}

/** `SELECT … INTO a, b FROM …`: into variables, not into a table. */
function readSelect(sql: string): Step {
  const cursor = new TokenCursor(sql);
  const before = cursor.textUntil((token) => token.kind === 'word' && token.text === 'into');
  if (cursor.isAtEnd) {
    throw new RedshiftError(
      'query has no destination for result data\n  Hint: a SELECT in a procedure needs INTO',
      {
        sqlState: '42601',
      },
    );
  }
  cursor.expect('into');
  cursor.accept('strict');
  const variables = [cursor.identifier()];
  while (cursor.acceptSymbol(',')) variables.push(cursor.identifier());
  return { kind: 'select-into', sql: `${before} ${cursor.rest()}`, variables };
}

function readIf(cursor: TokenCursor): Step {
  const branches: { condition: string; steps: Step[] }[] = [];
  const isEnd = (): boolean => ['elsif', 'elseif', 'else', 'end'].some((word) => cursor.isWord(word));
  do {
    const condition = untilThen(cursor);
    cursor.expect('then');
    branches.push({ condition, steps: readSteps(cursor, isEnd) });
  } while (cursor.accept('elsif') || cursor.accept('elseif'));
  const otherwise = cursor.accept('else') ? readSteps(cursor, isEnd) : [];
  cursor.expect('end', 'if');
  return { kind: 'if', branches, otherwise };
}

function readRaise(cursor: TokenCursor): Step {
  const level = cursor.identifier();
  if (!RAISE_LEVELS.has(level)) throw cursor.syntaxError(-1);
  const format = cursor.string();
  const values: string[] = [];
  while (cursor.acceptSymbol(','))
    values.push(cursor.textUntil((token) => isMark(token, ',') || isMark(token, ';')));
  return { kind: 'raise', level: level as RaiseLevel, format, values };
}

function untilSemicolon(cursor: TokenCursor): string {
  const text = cursor.textUntil((token) => isMark(token, ';'));
  if (text === '') throw cursor.syntaxError();
  return text;
}

/** The THEN of the IF, not one of a CASE in its condition. */
function untilThen(cursor: TokenCursor): string {
  let cases = 0;
  return cursor.textUntil(({ kind, text }) => {
    if (kind !== 'word') return false;
    if (text === 'case') cases += 1;
    else if (text === 'end') cases -= 1;
    return text === 'then' && cases === 0;
  });
}

function isMark(token: Token, mark: string): boolean {
  return token.kind === 'symbol' && token.text === mark;
}

function isAssignment(cursor: TokenCursor): boolean {
  return (cursor.isSymbol(':') && cursor.isSymbol('=', 1)) || cursor.isSymbol('=');
}

/** `:=`, or `=` which PL/pgSQL takes as well. */
function takeAssignment(cursor: TokenCursor): boolean {
  if (!isAssignment(cursor)) return false;
  cursor.acceptSymbol(':');
  cursor.expectSymbol('=');
  return true;
}

function refusedWord(word: string): RedshiftError {
  const name = word === 'begin' ? 'a nested block' : word.toUpperCase();
  return new RedshiftError(`${name} in a procedure is not supported by redshift-local`, {
    sqlState: '0A000',
  });
}
