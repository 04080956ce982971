import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { version as duckDbVersion } from '@duckdb/node-api';

/** Figures mean something only beside the machine and the versions that they were measured on. */
export function describeMachine(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return [
    `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}, ${gigabytes} GB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    `DuckDB ${duckDbVersion()}`,
    new Date().toISOString().slice(0, 10),
  ].join(' · ');
}
