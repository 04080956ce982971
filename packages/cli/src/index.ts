/*
 * What `import … from 'millrace'` gives a millrace.config.ts: the words of the configuration, and nothing that runs.
 */
export {
  append,
  type ConfigJson,
  csv,
  defineConfig,
  delimited,
  directory,
  fixedwidth,
  insertOnly,
  json,
  local,
  logAlerts,
  pagerduty,
  parquet,
  rollbar,
  sentry,
  slack,
  sqlite,
  upsert,
  webhook,
} from '@millrace/core';
