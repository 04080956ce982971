export { Clock } from './state-machine/clock.ts';
export { type Definition, type Json, StateError } from './state-machine/definition.ts';
export {
  EmulatedStepFunctions,
  type Execution,
  type StateMachine,
} from './state-machine/step-functions.ts';
