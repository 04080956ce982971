export type { Backing, BackingParts } from './backing.ts';
export type { AwaitCount } from './coverage.ts';
export { type Catch, findCatcher } from './find-catcher.ts';
export { isMechanism, MECHANISMS, type Mechanism } from './mechanism.ts';
export { RealEngine } from './real-engine.ts';
export { REGRESSIONS, type Regression } from './regressions.ts';
export { type RunOptions, type RunReport, runSeeds } from './run-seeds.ts';
export { type SeedReport, type SimulateOptions, simulate } from './simulate.ts';
export type { Violation } from './story.ts';
