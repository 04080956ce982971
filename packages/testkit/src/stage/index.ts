export { matchesPattern } from './events/event-pattern.ts';
export type { UrlAnswer, UrlRequest } from './functions/function-url.ts';
export type { FunctionLine } from './functions/staged-function.ts';
export type { Denial, UnusedGrant } from './rights/rights.ts';
export { Stage, type StageFailure, type StageOptions } from './stage.ts';
export { Clock } from './state-machine/clock.ts';
export { type Definition, type Json, StateError } from './state-machine/definition.ts';
export {
  EmulatedStepFunctions,
  type Execution,
  type StateMachine,
} from './state-machine/step-functions.ts';
export {
  readAssembly,
  type SynthesisedStack,
  type Template,
} from './template/cloud-assembly.ts';
