export * from './alert/alert-book.ts';
export * from './alert/find-conditions.ts';
export * from './alert/log-alerts.ts';
export * from './alert/tell-alerts.ts';
export { compressionOfKey, formatOfName } from './config/compile-copy.ts';
export { ConfigError, type ConfigProblem } from './config/config-error.ts';
export { type ConfigJson, configJsonSchema, type TargetJson } from './config/config-schema.ts';
export * from './config/define-config.ts';
export { formatDuration, parseDuration } from './config/duration.ts';
export * from './config/migration-file.ts';
export type {
  AwsPlace,
  ConfiguredTarget,
  LocalWarehouse,
  MillraceConfig,
  ObjectsPlace,
  RedshiftWarehouse,
  TrackerPlace,
  WakesPlace,
} from './config/millrace-config.ts';
export * from './config/parse-bulk-spec.ts';
export { type ParseConfigOptions, parseConfig, parseConfigText } from './config/parse-config.ts';
export * from './config/parse-queue-document.ts';
export type { AlertPlace, SecretRef } from './config/read-alerts.ts';
export { formatSize, parseSize } from './config/size.ts';
export { stateFolderOf } from './config/state-folder.ts';
export { parseTargetName } from './config/target-name.ts';
export { parseTolerantJson } from './config/tolerant-json.ts';
export * from './copy/check-loader-options.ts';
export * from './copy/copy-options.ts';
export { nearestWord } from './copy/nearest-word.ts';
export * from './copy/parse-copy-options.ts';
export * from './copy/render-copy-options.ts';
export * from './file/identity.ts';
export * from './file/key-pattern.ts';
export * from './file/load-file.ts';
export * from './file/notification.ts';
export * from './file/route.ts';
export { planBatch, sortBacklog } from './lane/batching.ts';
export * from './lane/lane.ts';
export * from './load/build-job.ts';
export * from './load/dialect.ts';
export * from './load/job-document.ts';
export * from './load/ledger.ts';
export * from './load/loaded-columns.ts';
export * from './load/merge-rule.ts';
export * from './load/missing-table.ts';
export * from './load/plan-grants.ts';
export * from './load/plan-load.ts';
export * from './load/statement.ts';
export * from './load/target-definition.ts';
export * from './load/ulid.ts';
export * from './operate/apply-migrations.ts';
export * from './operate/backfill-files.ts';
export * from './operate/bulk-load.ts';
export * from './operate/find-removed-targets.ts';
export * from './operate/handed-files.ts';
export * from './operate/list-failures.ts';
export * from './operate/list-grants.ts';
export * from './operate/plan-target.ts';
export * from './operate/reconcile/reconcile.ts';
export * from './operate/redrive-files.ts';
export * from './operate/report-status.ts';
export * from './ports/availability.ts';
export * from './ports/object-store.ts';
export * from './ports/operations.ts';
export * from './ports/seals.ts';
export * from './ports/stream.ts';
export * from './ports/time.ts';
export * from './ports/tracker.ts';
export * from './ports/wake-queue.ts';
export * from './ports/warehouse.ts';
export * from './recover/gate.ts';
export * from './ports/alerts.ts';
export * from './recover/load-error.ts';
export * from './recover/retry-policy.ts';
export * from './recover/windows/maintenance-window.ts';
export * from './recover/windows/weekly.ts';
export * from './sql/tokenizer.ts';
export * from './verbs/advance.ts';
export * from './verbs/intake.ts';
export { type ListReport, listFiles } from './verbs/list-files.ts';
export * from './verbs/list-some.ts';
export * from './verbs/loader.ts';
export * from './verbs/loader-event.ts';
export { type GateLook, lookAtGate } from './verbs/look-at-gate.ts';
export * from './verbs/pause.ts';
export * from './verbs/prepare-target.ts';
export { type KnownReceipts, readReceipts } from './verbs/read-receipts.ts';
export * from './verbs/release-holds.ts';
export * from './verbs/settle.ts';
export { settleFailure } from './verbs/settle-failure.ts';
export * from './verbs/settle-outcome.ts';
export * from './verbs/sweep.ts';
