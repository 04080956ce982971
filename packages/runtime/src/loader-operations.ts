import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type ActivityPage,
  applyMigrations,
  type CheckResult,
  compileRoutes,
  type DoctorRequest,
  diagnose,
  type FailureEntry,
  type FailurePage,
  type FailurePageRequest,
  type FileSelection,
  type HandedFile,
  handedFiles,
  type JobEntry,
  type JobListRequest,
  type JobStory,
  type Loader,
  listActivity,
  listFailures,
  listGrants,
  listJobs,
  listMigrations,
  listTableChanges,
  type MigrationReport,
  type MillraceConfig,
  type PlanReport,
  type PruneReceiptsRequest,
  type PruneReceiptsStep,
  pageFailures,
  pageWaiting,
  planTarget,
  pruneReceipts,
  type QueryResult,
  readJob,
  type SchemaHistory,
  type TraceReport,
  type TraceRequest,
  traceFile,
  type WaitingPage,
} from '@millrace/core';
import { examinationsOf } from './doctor/examinations.ts';
import { readMigrations } from './read-migrations.ts';

/**
 * The operations that need the loader and nothing of a process that works. A base class and not a part: whoever asks wants
 * all operations of one object, and each would else be written down twice.
 */
export abstract class LoaderOperations {
  protected readonly loader: Loader;
  protected readonly config: MillraceConfig;
  /** Relative paths of the configuration start here. */
  protected readonly directory: string;

  protected constructor(loader: Loader, options: { config: MillraceConfig; directory: string }) {
    this.loader = loader;
    this.config = options.config;
    this.directory = options.directory;
  }

  failurePage(request: FailurePageRequest): Promise<FailurePage> {
    return pageFailures(this.loader, request);
  }

  waitingPage(target: string, page: { cursor: string | null; limit: number }): Promise<WaitingPage> {
    return pageWaiting(this.loader, target, page);
  }

  activity(page: { cursor: string | null; limit: number }): Promise<ActivityPage> {
    return listActivity(this.loader, page);
  }

  failures(selection: FileSelection): Promise<readonly FailureEntry[]> {
    return listFailures(this.loader, selection);
  }

  trace(request: TraceRequest): Promise<TraceReport> {
    const routes = compileRoutes(this.config);
    return traceFile(this.loader, request, { routes, sweepMs: this.config.sweepMs });
  }

  doctor(request: DoctorRequest): Promise<readonly CheckResult[]> {
    return diagnose(this.loader, request, {
      routes: compileRoutes(this.config),
      events: this.config.events,
      examinations: examinationsOf(this.config, this.directory),
      pause,
      pendingMigrations: async () => (await this.migrate({ dryRun: true })).pending.map(({ name }) => name),
    });
  }

  jobs(request: JobListRequest): Promise<readonly JobEntry[]> {
    return listJobs(this.loader, request);
  }

  job(id: string): Promise<JobStory> {
    return readJob(this.loader, id);
  }

  plan(target: string): Promise<PlanReport> {
    return planTarget(this.loader, target);
  }

  async grants(user: string): Promise<{ statements: readonly string[] }> {
    return { statements: await listGrants(this.loader, { user }) };
  }

  async query(sql: string): Promise<QueryResult> {
    return this.loader.warehouse.query(sql);
  }

  handedFiles(
    target: string,
    files: readonly Pick<HandedFile, 'id' | 'url'>[],
  ): Promise<readonly HandedFile[]> {
    return handedFiles(this.loader, target, files);
  }

  pruneReceipts(request: PruneReceiptsRequest): Promise<PruneReceiptsStep> {
    return pruneReceipts(this.loader, request);
  }

  async migrate({ dryRun }: { dryRun: boolean }): Promise<MigrationReport> {
    const files = await readMigrations(resolve(this.directory, this.config.migrations));
    return applyMigrations(this.loader.warehouse, files, { dryRun, now: this.loader.now });
  }

  async schemaHistory(): Promise<SchemaHistory> {
    return {
      migrations: await listMigrations(this.loader.warehouse),
      changes: await listTableChanges(this.loader),
    };
  }
}
