import { LoadError } from '@millrace/core';
import { z } from 'zod';

/** A state that waits for statements. */
export interface RunRequest {
  readonly kind: 'run';
  readonly taskToken: string;
  readonly executionArn: string;
  /** One on its own, several as one transaction. */
  readonly statements: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  /** The rows of the last statement are part of the task's output. */
  readonly wantsResult: boolean;
  readonly beats: boolean;
  readonly stateName: string | undefined;
  /** When the state was entered; undefined: every token is a statement of its own. */
  readonly enteredAt: string | undefined;
  readonly mapIndex: number | undefined;
}

/** An execution does not want its statements any more. */
export interface CancelRequest {
  readonly kind: 'cancel';
  readonly executionArn: string;
  /** Those of one state; undefined: all of them. */
  readonly stateName: string | undefined;
}

export type TaskRequest = RunRequest | CancelRequest | { readonly kind: 'sweep' };

/** The most statements that one transaction of the Data API has (AWS service model). */
const MAX_STATEMENTS = 40;

const text = z.string('is missing or no text').min(1, 'is empty');
const executionArn = text.regex(
  /^arn:[^:]+:states:[^:]+:[^:]+:execution:\S+$/u,
  'is not the ARN of an execution; write "executionArn.$": "$$.Execution.Id"',
);

const run = z
  .strictObject({
    action: z.literal('run').optional(),
    taskToken: text,
    executionArn,
    sqlStatement: text.optional(),
    sqlStatements: z
      .array(text)
      .min(1, 'is empty')
      .max(MAX_STATEMENTS, `has more than ${MAX_STATEMENTS} statements; call a stored procedure`)
      .optional(),
    parameters: z
      .record(
        z.string().regex(/^[0-9a-zA-Z_]+$/u, 'is not the name of a parameter; letters, digits and _'),
        z.union([z.string(), z.number(), z.boolean()], 'is neither a text, a number, true nor false'),
      )
      .optional(),
    result: z.boolean('is neither true nor false').optional(),
    heartbeats: z.boolean('is neither true nor false').optional(),
    stateName: text.optional(),
    enteredTime: text.optional(),
    mapIndex: z.number('is not a number').int('is not a whole number').min(0, 'is below 0').optional(),
  })
  .refine(
    ({ sqlStatement, sqlStatements }) => (sqlStatement === undefined) !== (sqlStatements === undefined),
    {
      path: ['sqlStatement'],
      message: 'is missing, or given beside sqlStatements: give one of the two',
    },
  );

const cancel = z.strictObject({
  action: z.literal('cancel'),
  executionArn,
  stateName: text.optional(),
});

/**
 * Reads the payload of a state.
 *
 * @throws LoadError `task-payload` that names every field which is wrong.
 */
export function readTaskRequest(payload: unknown): TaskRequest {
  const action = (payload as { action?: unknown } | null)?.action;
  if (action === 'sweep') return { kind: 'sweep' };
  if (action === 'cancel') {
    const { executionArn: arn, stateName } = parse(cancel, payload);
    return { kind: 'cancel', executionArn: arn, stateName };
  }
  const said = parse(run, payload);
  return {
    kind: 'run',
    taskToken: said.taskToken,
    executionArn: said.executionArn,
    statements: said.sqlStatements ?? [said.sqlStatement ?? ''],
    parameters: toTexts(said.parameters ?? {}),
    wantsResult: said.result ?? false,
    beats: said.heartbeats ?? false,
    stateName: said.stateName,
    enteredAt: said.enteredTime,
    mapIndex: said.mapIndex,
  };
}

/** The Data API takes texts, and none that is empty. */
function toTexts(parameters: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  const texts = Object.entries(parameters).map(([name, value]) => [name, String(value)] as const);
  const empty = texts.filter(([, value]) => value === '').map(([name]) => name);
  if (empty.length > 0) {
    throw new LoadError('task-payload', `the payload: parameters.${empty.join(', parameters.')}: is empty`, {
      hint: "the Data API takes no empty parameter; write '' in the statement",
    });
  }
  return Object.fromEntries(texts);
}

function parse<Output>(schema: z.ZodType<Output>, payload: unknown): Output {
  const read = schema.safeParse(payload);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`,
  );
  throw new LoadError('task-payload', `the payload: ${problems.join('; ')}`, {
    hint: 'a state gives taskToken, executionArn and sqlStatement; a cancellation action "cancel" and executionArn',
  });
}
