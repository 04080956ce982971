/** How a statement ended. `LOST`: nobody knows it, so it never began, or began and was forgotten. */
export type TaskOutcome = 'FINISHED' | 'FAILED' | 'ABORTED' | 'LOST';

export type TaskState =
  /** Written down before it was sent: whoever finds it so looks for the statement by its name. */
  | { readonly kind: 'submitting' }
  | { readonly kind: 'running'; readonly statementId: string }
  /** `isReported`: a task token took the outcome, so that the same key begins anew when it comes again. */
  | { readonly kind: 'done'; readonly outcome: TaskOutcome; readonly isReported: boolean };

/** A statement that a state of an execution waits for. */
export interface TaskStatement {
  /** `stateMachine:execution`, the end of the execution's ARN. */
  readonly execution: string;
  /** The same within an execution: the same statement. */
  readonly key: string;
  /** From 1; grows when a key whose failure was reported comes again. */
  readonly attempt: number;
  /** The newest token: the ones before it are dead. */
  readonly taskToken: string;
  readonly stateName: string | undefined;
  readonly wantsResult: boolean;
  /** Whether the sweep tells Step Functions that the statement still runs. */
  readonly beats: boolean;
  /** Somebody wants it to end: who submits it cancels it right away. */
  readonly isCancelled: boolean;
  readonly submittedAt: number;
  readonly state: TaskState;
}
