import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { TaskOutcome, TaskState, TaskStatement } from './task-statement.ts';

export type TaskItem = Record<string, AttributeValue>;

export const PARTITION_KEY = 'execution';
export const SORT_KEY = 'statement';
/** Holds what has not ended: items have its partition attribute only so long. */
export const OPEN_INDEX = 'open-statements';
export const OPEN_KEY = 'open';
export const LOOK_KEY = 'look_at';
export const OPEN_MARK = 'open';
/** How long an item stays after it was last written: longer than the Data API knows its statement. */
export const RETENTION_MS = 14 * 24 * 3_600_000;

export function keyOf({ execution, key }: Pick<TaskStatement, 'execution' | 'key'>): TaskItem {
  return { [PARTITION_KEY]: { S: execution }, [SORT_KEY]: { S: key } };
}

/** A new item: nothing is sent yet. */
export function toItem(task: TaskStatement, lookAt: number): TaskItem {
  return {
    ...keyOf(task),
    attempt: { N: String(task.attempt) },
    phase: { S: 'submitting' },
    task_token: { S: task.taskToken },
    ...(task.stateName === undefined ? {} : { state_name: { S: task.stateName } }),
    wants_result: { BOOL: task.wantsResult },
    beats: { BOOL: task.beats },
    submitted_at: { N: String(task.submittedAt) },
    [OPEN_KEY]: { S: OPEN_MARK },
    [LOOK_KEY]: { N: String(lookAt) },
    expires_at: expiryOf(task.submittedAt),
  };
}

export function expiryOf(now: number): AttributeValue {
  return { N: String(Math.floor((now + RETENTION_MS) / 1000)) };
}

export function fromItem(item: TaskItem): TaskStatement {
  return {
    execution: item[PARTITION_KEY]?.S ?? '',
    key: item[SORT_KEY]?.S ?? '',
    attempt: Number(item.attempt?.N ?? 1),
    taskToken: item.task_token?.S ?? '',
    stateName: item.state_name?.S,
    wantsResult: item.wants_result?.BOOL === true,
    beats: item.beats?.BOOL === true,
    isCancelled: item.cancelled?.BOOL === true,
    submittedAt: Number(item.submitted_at?.N ?? 0),
    state: stateOf(item),
  };
}

function stateOf({ phase, statement_id, outcome, reported }: TaskItem): TaskState {
  if (phase?.S === 'done') {
    return {
      kind: 'done',
      outcome: (outcome?.S ?? 'LOST') as TaskOutcome,
      isReported: reported?.BOOL === true,
    };
  }
  if (statement_id?.S !== undefined) return { kind: 'running', statementId: statement_id.S };
  return { kind: 'submitting' };
}
