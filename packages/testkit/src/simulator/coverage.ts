import type { AwaitSite } from './await-site.ts';

/** One await of one verb: where a worker is to die. */
export interface Aim {
  readonly verb: string;
  readonly site: AwaitSite;
}

/** A run of a seed, and where workers died for certain in it. */
export interface Comer {
  readonly seed: number;
  readonly aims: readonly Aim[];
}

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
  /** The first runs that came here: they do so again. */
  readonly comers: Comer[];
}

/** How many are kept per await: in one of them a worker may be dead before its aimed death. */
const COMERS_KEPT = 5;

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

  /** @param comer what `other` was counted in. */
  add(other: Coverage, comer: Comer): void {
    for (const { verb, name, position, reached, diedBefore, diedAfter } of other.#tallies.values()) {
      const tally = this.#tallyOf(verb, { name, position });
      if (tally.comers.length < COMERS_KEPT) tally.comers.push(comer);
      tally.reached += reached;
      tally.diedBefore += diedBefore;
      tally.diedAfter += diedAfter;
    }
  }

  /** Awaits where nobody has died yet, and the runs that come there. */
  neverDied(): readonly { readonly aim: Aim; readonly comers: readonly Comer[] }[] {
    return [...this.#tallies.values()]
      .filter(({ diedBefore, diedAfter }) => diedBefore + diedAfter === 0)
      .map(({ verb, name, position, comers }) => ({ aim: { verb, site: { name, position } }, comers }));
  }

  hasDied({ verb, site }: Aim): boolean {
    const { diedBefore, diedAfter } = this.#tallyOf(verb, site);
    return diedBefore + diedAfter > 0;
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
    const tally = { verb, name, position, reached: 0, diedBefore: 0, diedAfter: 0, comers: [] };
    this.#tallies.set(key, tally);
    return tally;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
