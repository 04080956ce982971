import type { AwaitSite } from './await-site.ts';

/** How often a worker waited somewhere, and how often it died there. */
export interface AwaitCount {
  readonly verb: string;
  /** `settleLoaded tracker.putLane`, with `#2` for the second such call of the function. */
  readonly site: string;
  readonly reached: number;
  /** Before the call had an effect, and after it. */
  readonly diedBefore: number;
  readonly diedAfter: number;
}

interface Tally {
  readonly verb: string;
  readonly name: string;
  readonly position: number;
  reached: number;
  diedBefore: number;
  diedAfter: number;
}

/** Counts deaths per verb and await, over many seeds. */
export class Coverage {
  readonly #tallies = new Map<string, Tally>();

  /** @returns how often the place was reached before. */
  reach(verb: string, site: AwaitSite): number {
    const tally = this.#tallyOf(verb, site);
    tally.reached += 1;
    return tally.reached - 1;
  }

  die(verb: string, site: AwaitSite, { isAfter }: { isAfter: boolean }): void {
    const tally = this.#tallyOf(verb, site);
    if (isAfter) tally.diedAfter += 1;
    else tally.diedBefore += 1;
  }

  add(other: Coverage): void {
    for (const { verb, name, position, reached, diedBefore, diedAfter } of other.#tallies.values()) {
      const tally = this.#tallyOf(verb, { name, position });
      tally.reached += reached;
      tally.diedBefore += diedBefore;
      tally.diedAfter += diedAfter;
    }
  }

  /** By verb and place. */
  counts(): readonly AwaitCount[] {
    const tallies = [...this.#tallies.values()];
    return tallies
      .map(({ verb, name, position, reached, diedBefore, diedAfter }) => {
        const places = new Set(tallies.filter((other) => other.name === name).map((other) => other.position));
        const nth = [...places].filter((other) => other <= position).length;
        const site = places.size > 1 ? `${name} #${nth}` : name;
        return { verb, site, reached, diedBefore, diedAfter };
      })
      .sort((a, b) => (a.verb === b.verb ? compare(a.site, b.site) : compare(a.verb, b.verb)));
  }

  #tallyOf(verb: string, { name, position }: AwaitSite): Tally {
    const key = `${verb} ${name} ${position}`;
    const known = this.#tallies.get(key);
    if (known) return known;
    const tally = { verb, name, position, reached: 0, diedBefore: 0, diedAfter: 0 };
    this.#tallies.set(key, tally);
    return tally;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
