/** The operations that throttle by a rate of their own on AWS. */
export type ThrottledOperation =
  | 'ExecuteStatement'
  | 'BatchExecuteStatement'
  | 'DescribeStatement'
  | 'GetStatementResult'
  | 'CancelStatement';

/** What the server allows. Every member can be set; `DEFAULT_LIMITS` are AWS's where AWS tells them. */
export interface Limits {
  /** Calls per second of each operation, with as many in reserve; an operation that is not named is not throttled. */
  readonly callsPerSecond: Readonly<Partial<Record<string, number>>>;
  /** Statements that have not ended; one more is an ActiveStatementsExceededException. */
  readonly activeStatements: number;
  /** Statements that the warehouse runs at once; the others stay SUBMITTED. */
  readonly runningStatements: number;
  readonly sessions: number;
  /** Of one SQL text. */
  readonly sqlBytes: number;
  readonly statementsPerBatch: number;
  /** Calls that wait for one statement by WaitTimeSeconds. */
  readonly waitersPerStatement: number;
  /** Of all rows of a result. */
  readonly resultBytes: number;
  readonly rowBytes: number;
  /** Of a page of a result. */
  readonly pageBytes: number;
  readonly retentionMs: number;
  /** Of all texts and results that are kept: beyond it the oldest that have ended are forgotten before their time. */
  readonly retainedBytes: number;
  readonly clientTokenMs: number;
}

const HOUR_MS = 3_600_000;
const KIB = 1024;
const MIB = 1024 * KIB;

/** Per account and region on AWS; they cannot be raised there. */
export const AWS_RATES: Readonly<Record<ThrottledOperation, number>> = {
  ExecuteStatement: 30,
  BatchExecuteStatement: 20,
  DescribeStatement: 100,
  GetStatementResult: 20,
  CancelStatement: 3,
};

export const DEFAULT_LIMITS: Limits = {
  callsPerSecond: AWS_RATES,
  activeStatements: 500,
  runningStatements: 50,
  sessions: 500,
  sqlBytes: 100 * KIB,
  statementsPerBatch: 40,
  waitersPerStatement: 10,
  resultBytes: 500 * MIB,
  rowBytes: 64 * KIB,
  pageBytes: MIB,
  retentionMs: 24 * HOUR_MS,
  retainedBytes: 512 * MIB,
  clientTokenMs: 8 * HOUR_MS,
};
