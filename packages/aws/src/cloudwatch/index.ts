export * from './loader-metrics.ts';
export * from './metric-line.ts';
