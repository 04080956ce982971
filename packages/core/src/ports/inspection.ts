import type { CheckResult, DoctorRequest } from './doctor.ts';
import type { TracedJob, TraceReport, TraceRequest } from './trace.ts';

export interface JobListRequest {
  /** Of all targets when none is named. */
  readonly target?: string;
  /** At most 1000. */
  readonly limit: number;
}

/** A load job in a list. Instants are ISO 8601, UTC. */
export interface JobEntry {
  readonly id: string;
  readonly target: string;
  readonly attempt: number;
  readonly state: 'running' | 'loaded' | 'failed';
  readonly files: number;
  readonly bytes: number;
  /** Null where the warehouse does not tell, and before it is settled. */
  readonly rows: number | null;
  readonly submittedAt: string;
  /** Null: not settled. */
  readonly settledAt: string | null;
  /** From the job's plan to its end, or until now: ms. */
  readonly durationMs: number;
  readonly error: string | null;
}

/** A job with everything that is known of it. */
export interface JobStory extends TracedJob {
  readonly target: string;
  /** The addresses that it took; null when its document is gone. */
  readonly urls: readonly string[] | null;
}

/** What people ask to understand what happens, and why. Nothing is changed by it, but for the probes of `doctor`. */
export interface Inspection {
  /** @throws LoadError `invalid-url`, `target-unknown` */
  trace(request: TraceRequest): Promise<TraceReport>;
  /** @throws LoadError `target-unknown` */
  doctor(request: DoctorRequest): Promise<readonly CheckResult[]>;
  /** Newest first. @throws LoadError `target-unknown` */
  jobs(request: JobListRequest): Promise<readonly JobEntry[]>;
  /** @throws LoadError `job-unknown` when nobody remembers it */
  job(id: string): Promise<JobStory>;
}
