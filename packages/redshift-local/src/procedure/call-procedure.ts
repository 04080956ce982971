import { RedshiftError } from '../redshift-error.ts';
import type { Value } from '../session/result.ts';
import { type QualifiedName, TokenCursor } from '../sql/token-cursor.ts';
import type { RaiseLevel, Step } from './parse-body.ts';
import type { Procedure, ProcedureParameter } from './parse-create-procedure.ts';
import { Variables } from './variables.ts';

/** What a procedure needs of the session that calls it. Everything runs in the session's transaction. */
export interface ProcedureContext {
  /** The procedures of that name, overloads included. */
  find(name: QualifiedName): readonly Procedure[];
  /** Runs a statement of Redshift SQL. */
  execute(sql: string): Promise<void>;
  /** The first row of a query in Redshift SQL; undefined when it has none. */
  queryRow(sql: string): Promise<readonly Value[] | undefined>;
  /** RAISE INFO and its like. */
  notice(level: Exclude<RaiseLevel, 'exception'>, message: string): void;
}

/** What a call hands back: the OUT and INOUT parameters, in their order. Empty for a procedure without any. */
export type CallResult = readonly { readonly name: string; readonly type: string; readonly value: Value }[];

/** Redshift's limit for procedures that call procedures. */
const MAX_DEPTH = 16;

/**
 * Runs `CALL name (arguments)`.
 *
 * @throws RedshiftError `procedure name(…) does not exist`, what RAISE EXCEPTION says, and whatever a statement of the
 *   body throws.
 */
export function callProcedure(sql: string, context: ProcedureContext): Promise<CallResult> {
  return call(sql, context, 1);
}

async function call(sql: string, context: ProcedureContext, depth: number): Promise<CallResult> {
  if (depth > MAX_DEPTH) {
    throw new RedshiftError(`stored procedure nesting level exceeds ${MAX_DEPTH}`, { sqlState: '54001' });
  }
  const { name, texts } = readCall(sql);
  const procedure = context
    .find(name)
    .find(({ parameters }) => parameters.filter(isInput).length === texts.length);
  if (!procedure) {
    const written = name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
    const types = texts.map(() => 'unknown').join(', ');
    throw new RedshiftError(`procedure ${written}(${types}) does not exist`, { sqlState: '42883' });
  }
  const variables = await bind(procedure, texts, context);
  await runSteps(procedure.body.steps, { variables, context, depth });
  return procedure.parameters.flatMap((parameter, index) =>
    parameter.mode === 'in'
      ? []
      : [{ name: parameter.name, type: parameter.type, value: variables.get(`$${index + 1}`) }],
  );
}

function readCall(sql: string): { name: QualifiedName; texts: string[] } {
  const cursor = new TokenCursor(sql);
  cursor.expect('call');
  const name = cursor.qualifiedName();
  const texts: string[] = [];
  cursor.expectSymbol('(');
  while (!cursor.acceptSymbol(')')) {
    const text = cursor.textUntil(
      (token) => token.kind === 'symbol' && (token.text === ',' || token.text === ')'),
    );
    if (text === '') throw cursor.syntaxError();
    texts.push(text);
    cursor.acceptSymbol(',');
  }
  cursor.acceptSymbol(';');
  cursor.expectEnd();
  return { name, texts };
}

async function bind(
  procedure: Procedure,
  texts: readonly string[],
  context: ProcedureContext,
): Promise<Variables> {
  const variables = new Variables();
  let given = 0;
  for (const [index, parameter] of procedure.parameters.entries()) {
    const { name, type } = parameter;
    const text = isInput(parameter) ? texts[given++] : undefined;
    const value = text === undefined ? null : await evaluate(text, type, context);
    variables.declare(`$${index + 1}`, { type, isConstant: false, value });
    if (name !== '') variables.alias(name, `$${index + 1}`);
  }
  for (const { name, type, isConstant, initial } of procedure.body.variables) {
    const value = initial === undefined ? null : await evaluate(variables.substitute(initial), type, context);
    variables.declare(name, { type, isConstant, value });
  }
  return variables;
}

interface Run {
  readonly variables: Variables;
  readonly context: ProcedureContext;
  readonly depth: number;
}

/** Runs steps in order; false when a RETURN ended the procedure. */
async function runSteps(steps: readonly Step[], run: Run): Promise<boolean> {
  for (const step of steps) if (!(await runStep(step, run))) return false;
  return true;
}

async function runStep(step: Step, run: Run): Promise<boolean> {
  const { variables, context } = run;
  switch (step.kind) {
    case 'sql':
      await context.execute(variables.substitute(step.sql));
      return true;
    case 'call':
      await call(variables.substitute(step.sql), context, run.depth + 1);
      return true;
    case 'assign': {
      const type = variables.typeOf(step.variable);
      variables.set(step.variable, await evaluate(variables.substitute(step.expression), type, context));
      return true;
    }
    case 'select-into': {
      const row = await context.queryRow(variables.substitute(step.sql));
      for (const [at, name] of step.variables.entries()) variables.set(name, row?.[at] ?? null);
      return true;
    }
    case 'raise':
      await raise(step, run);
      return true;
    case 'if':
      return runSteps(await chooseBranch(step, run), run);
    case 'return':
      return false;
  }
}

async function chooseBranch(
  step: Step & { kind: 'if' },
  { variables, context }: Run,
): Promise<readonly Step[]> {
  for (const { condition, steps } of step.branches) {
    if ((await evaluate(variables.substitute(condition), 'boolean', context)) === true) return steps;
  }
  return step.otherwise;
}

async function raise(step: Step & { kind: 'raise' }, { variables, context }: Run): Promise<void> {
  const values: Value[] = [];
  for (const text of step.values) {
    const row = await context.queryRow(`select ${variables.substitute(text)}`);
    values.push(row?.[0] ?? null);
  }
  let at = 0;
  const message = step.format.replaceAll(/%%|%/gu, (mark) => {
    if (mark === '%%') return '%';
    if (at >= values.length)
      throw new RedshiftError('too few parameters specified for RAISE', { sqlState: '42601' });
    const value = values[at++];
    return value === null ? '<NULL>' : String(value);
  });
  if (step.level === 'exception') throw new RedshiftError(message, { sqlState: 'P0001' });
  context.notice(step.level, message);
}

async function evaluate(text: string, type: string, context: ProcedureContext): Promise<Value> {
  const row = await context.queryRow(`select cast((${text}) as ${type})`);
  return row?.[0] ?? null;
}

function isInput(parameter: ProcedureParameter): boolean {
  return parameter.mode !== 'out';
}
