/** A row of STL_LOAD_ERRORS (SYS_LOAD_ERROR_DETAIL shows the same rows in its own columns). Strings are cut to the columns' lengths by the log. */
export interface LoadErrorRow {
  readonly tableId: number;
  readonly fileName: string;
  /** 1-based; for JSON the last line of the object; -1 unknown. */
  readonly lineNumber: number;
  readonly columnName: string;
  readonly columnType: string;
  readonly columnLength: string;
  /** Position in the line where the field begins. */
  readonly position: number;
  readonly rawLine: string;
  readonly rawFieldValue: string;
  readonly errorCode: number;
  readonly errorReason: string;
}

export interface LoadHistoryRow {
  readonly tableName: string;
  readonly dataSource: string;
  readonly fileFormat: string;
  readonly status: 'completed' | 'aborted';
  readonly loadedRows: number;
  readonly loadedBytes: number;
  readonly sourceFileCount: number;
  readonly errorCount: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** One file that a COPY scanned (SYS_LOAD_DETAIL, STL_LOAD_COMMITS). */
export interface LoadDetailRow {
  readonly fileName: string;
  readonly bytesScanned: number;
  readonly linesScanned: number;
}

/**
 * What COPY reports. The rows outlive the transaction: a failed COPY is rolled back, its errors are not.
 * Query, transaction, session and time are added by the session.
 */
export interface SystemLog {
  loadErrors(rows: readonly LoadErrorRow[]): void;
  loadHistory(row: LoadHistoryRow): void;
  loadDetail(rows: readonly LoadDetailRow[]): void;
}
