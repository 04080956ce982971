/** What every case is given. */
export interface BenchSettings {
  /** An empty directory on the disk that is measured; removed when the case has ended. */
  readonly directory: string;
  /** Counted rounds, at least 5: the median of fewer is chance. */
  readonly rounds: number;
}
