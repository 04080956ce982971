/**
 * What a job takes the place of: loads whose rows and receipts go, in the transaction that writes its own. Its files are the
 * new versions of what was rewritten, and the survivors: files of those loads that are as they were.
 */
export interface Replacement {
  /** The loads that go. */
  readonly jobIds: readonly string[];
  /** How many receipts they have; when it is another number by then, the guard refuses the job. */
  readonly receipts: number;
  /** How many rows of them are in the target, held by the guard likewise. */
  readonly rows: number;
  /** Ids of files of the job that were loaded before. */
  readonly survivorIds: readonly string[];
  /** Ids of the versions that are not in the table any more afterwards. */
  readonly outdatedIds: readonly string[];
}
