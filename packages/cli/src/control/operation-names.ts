import type { Operations } from '@millrace/core';

/** The operations that cross the wire: all of the port. The compiler names one that is missing here. */
const IS_OPERATION: Readonly<Record<keyof Operations, true>> = {
  status: true,
  failures: true,
  pause: true,
  resume: true,
  redrive: true,
  rejects: true,
  redriveRejects: true,
  plan: true,
  query: true,
  load: true,
  bulk: true,
  grants: true,
  handedFiles: true,
  reconcile: true,
  backfill: true,
  pruneReceipts: true,
  migrate: true,
  schemaHistory: true,
  backup: true,
  trace: true,
  doctor: true,
  jobs: true,
  job: true,
  overview: true,
  loadHistory: true,
  failurePage: true,
  waitingPage: true,
  activity: true,
  cancel: true,
};

export type OperationName = keyof Operations;

export function isOperationName(text: string): text is OperationName {
  return Object.hasOwn(IS_OPERATION, text);
}

export const OPERATION_NAMES = Object.keys(IS_OPERATION) as readonly OperationName[];
