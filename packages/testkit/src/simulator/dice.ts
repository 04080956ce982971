/**
 * Chance that a seed decides: the same seed throws the same numbers, on every machine. Independent streams are forked
 * by a label, so that one more throw in one place does not shift those of all others.
 */
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: string) {
    const [a, b, c] = wordsOf(seed);
    this.#a = a;
    this.#b = b;
    this.#c = c;
    for (let warmUp = 0; warmUp < 12; warmUp += 1) this.next();
  }

  /** In [0, 1): the generator sfc32, whose state of 128 bits no run of the simulator exhausts. */
  next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.int(0, items.length - 1)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.int(0, 255));
  }

  fork(label: string): Dice {
    return new Dice(`${this.int(0, 2 ** 32 - 1)}/${label}`);
  }
}

/** Three words that differ for texts that differ little (FNV-1a, begun at three places). */
function wordsOf(text: string): [number, number, number] {
  const word = (start: number): number => {
    let hash = start;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619);
    return hash | 0;
  };
  return [word(-2_128_831_035), word(1_540_483_477), word(668_265_263)];
}
