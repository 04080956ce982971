/**
 * What goes wrong. Probabilities are 0…1 and drawn from `seed`; counts go down by one with every use.
 */
export interface FaultSettings {
  /** Probability that a completion event is not sent. */
  readonly eventLoss: number;
  /** Probability that it is sent twice. */
  readonly eventDuplicates: number;
  /** Every event is sent after a delay of up to so many milliseconds: events overtake one another. */
  readonly eventDelayMs: number;
  /** Statements are killed and become FAILED; calls that need the warehouse are refused. */
  readonly maintenance: boolean;
  /** The same, in the words of a paused cluster. */
  readonly pause: boolean;
  /** Probability that a call is answered by a ThrottlingException. */
  readonly throttle: number;
  /** So many commits fail with a serializable isolation violation (1023). */
  readonly serializableViolations: number;
  /** Every COPY waits so many milliseconds, with its locks held. */
  readonly slowCopyMs: number;
  /** So many statements commit, and are told to be FAILED by a lost connection. */
  readonly lostCommitReply: number;
  /** So many calls of ExecuteStatement and BatchExecuteStatement take effect, and get no reply. */
  readonly lostReply: number;
  /** So many transactions lose their backend in the middle, and are rolled back. */
  readonly backendDeath: number;
  readonly seed: number;
}

export type FaultName = keyof FaultSettings;

/** The faults of which the value says how often they still happen. */
export type CountedFault = 'serializableViolations' | 'lostCommitReply' | 'lostReply' | 'backendDeath';

const NO_FAULTS: FaultSettings = {
  eventLoss: 0,
  eventDuplicates: 0,
  eventDelayMs: 0,
  maintenance: false,
  pause: false,
  throttle: 0,
  serializableViolations: 0,
  slowCopyMs: 0,
  lostCommitReply: 0,
  lostReply: 0,
  backendDeath: 0,
  seed: 1,
};

const PROBABILITIES: ReadonlySet<FaultName> = new Set(['eventLoss', 'eventDuplicates', 'throttle']);

/** The faults of a running server: they can be changed at any time. */
export class Faults {
  #settings: FaultSettings = NO_FAULTS;
  #random = randomFrom(NO_FAULTS.seed);
  readonly #listeners: ((settings: FaultSettings) => void)[] = [];

  /** @throws TypeError that names the setting that is wrong. */
  constructor(settings: Partial<FaultSettings> = {}) {
    this.set(settings);
  }

  /** `listener` hears of every change by `set` and `clear`. */
  onChange(listener: (settings: FaultSettings) => void): void {
    this.#listeners.push(listener);
  }

  get settings(): FaultSettings {
    return this.#settings;
  }

  /** Changes the faults that are named, and leaves the others. @throws TypeError that names what is wrong. */
  set(changes: Partial<FaultSettings>): void {
    for (const [name, value] of Object.entries(changes)) checkFault(name, value);
    const settings = { ...this.#settings, ...changes };
    if (changes.seed !== undefined) this.#random = randomFrom(changes.seed);
    this.#settings = settings;
    for (const listener of this.#listeners) listener(settings);
  }

  /** Switches all of them off. */
  clear(): void {
    this.set(NO_FAULTS);
  }

  /** Whether a counted fault happens now. */
  take(name: CountedFault): boolean {
    const left = this.#settings[name];
    if (left <= 0) return false;
    this.#settings = { ...this.#settings, [name]: left - 1 };
    return true;
  }

  /** Whether a fault with a probability happens now. */
  strikes(name: 'eventLoss' | 'eventDuplicates' | 'throttle'): boolean {
    const probability = this.#settings[name];
    return probability > 0 && this.#random() < probability;
  }

  /** Between 0 and `most`. */
  draw(most: number): number {
    return most === 0 ? 0 : Math.floor(this.#random() * (most + 1));
  }
}

/** Every name of a fault, in the order in which they are described. */
export const FAULT_NAMES = Object.keys(NO_FAULTS) as readonly FaultName[];

/** A fault as a flag writes it: `name=value`. @throws TypeError that says what is wrong. */
export function parseFault(text: string): Partial<FaultSettings> {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/su.exec(text) ?? [text, text];
  if (!isFaultName(name)) throw unknownFault(name);
  const isSwitch = typeof NO_FAULTS[name] === 'boolean';
  const parsed = isSwitch
    ? { true: true, on: true, '': true, false: false, off: false }[value]
    : toNumber(value);
  if (parsed === undefined) {
    throw new TypeError(`the fault ${name} wants ${isSwitch ? 'true or false' : 'a number'}, not '${value}'`);
  }
  checkFault(name, parsed);
  return { [name]: parsed };
}

function toNumber(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/u.test(text) ? Number(text) : undefined;
}

function checkFault(name: string, value: unknown): void {
  if (!isFaultName(name)) throw unknownFault(name);
  if (typeof NO_FAULTS[name] === 'boolean') {
    if (typeof value !== 'boolean')
      throw new TypeError(`the fault ${name} wants true or false, not ${value}`);
  } else if (PROBABILITIES.has(name)) {
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
      throw new TypeError(`the fault ${name} is a probability from 0 to 1, not ${value}`);
    }
  } else if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`the fault ${name} wants a whole number from 0 on, not ${value}`);
  }
}

function isFaultName(name: string): name is FaultName {
  return name in NO_FAULTS;
}

function unknownFault(name: string): TypeError {
  return new TypeError(`there is no fault '${name}'; the faults are ${Object.keys(NO_FAULTS).join(', ')}`);
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
