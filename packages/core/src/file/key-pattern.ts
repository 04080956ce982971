import { LoadError } from '../recover/load-error.ts';

/**
 * One element of a key pattern: `text` is this character, `one` a character but `/`, `star` any number of those,
 * `stars` any number of characters.
 */
type Element = { readonly kind: 'text'; readonly char: string } | { readonly kind: 'one' | 'star' | 'stars' };

/** Which keys a rule means: a beginning, and how they go on. Compiled by `compileKeyPattern`. */
export interface KeyPattern {
  readonly prefix: string;
  /** What the rest of the key has to be, as it was written; null when it may be anything. */
  readonly match: string | null;
  /** The same as elements, one list per alternative. */
  readonly alternatives: readonly (readonly Element[])[];
}

/** Alternatives multiply: `{a,b}{c,d}` are four. More than this is a mistake, not a pattern. */
const MAX_ALTERNATIVES = 64;

/**
 * Compiles a prefix and a glob for the rest of the key.
 *
 * In the glob `*` is any text without `/`, `**` any text, `?` one character but `/`, `{a,b}` one of several texts, and
 * `\` takes the character behind it as it is. Everything else means itself.
 *
 * @throws LoadError `invalid-pattern` for braces that do not close, nest, or make more than 64 alternatives.
 */
export function compileKeyPattern(prefix: string, match: string | null): KeyPattern {
  const alternatives = match === null ? [[{ kind: 'stars' } as const]] : expand(match);
  return { prefix, match, alternatives };
}

/** Whether the pattern means this key. Linear in the key for every pattern: no key can make it slow. */
export function matchesKey(pattern: KeyPattern, key: string): boolean {
  if (!key.startsWith(pattern.prefix)) return false;
  if (pattern.match === null) return true;
  const rest = key.slice(pattern.prefix.length);
  return pattern.alternatives.some((elements) => matchesElements(elements, rest));
}

/** Whether there is a key that both patterns mean. Exact, not an estimate. */
export function patternsOverlap(one: KeyPattern, other: KeyPattern): boolean {
  if (!one.prefix.startsWith(other.prefix) && !other.prefix.startsWith(one.prefix)) return false;
  const shared = Math.min(one.prefix.length, other.prefix.length);
  const restOf = ({ prefix, alternatives }: KeyPattern): (readonly Element[])[] => {
    const text = [...prefix.slice(shared)].map((char) => ({ kind: 'text', char }) as const);
    return alternatives.map((elements) => [...text, ...elements]);
  };
  const others = restOf(other);
  return restOf(one).some((left) => others.some((right) => elementsOverlap(left, right)));
}

/** Follows all ways through the pattern at once, so that `**` never goes back over the key. */
function matchesElements(elements: readonly Element[], text: string): boolean {
  let positions = closure(elements, new Set([0]));
  for (const char of text) {
    const next = new Set<number>();
    for (const position of positions) {
      const element = elements[position];
      if (element === undefined || !takes(element, char)) continue;
      next.add(isRepeated(element) ? position : position + 1);
    }
    if (next.size === 0) return false;
    positions = closure(elements, next);
  }
  return positions.has(elements.length);
}

/** A repeated element may also take nothing: the positions behind it are reached as well. */
function closure(elements: readonly Element[], positions: Set<number>): Set<number> {
  for (const position of positions) {
    const element = elements[position];
    if (element && isRepeated(element)) positions.add(position + 1);
  }
  return positions;
}

function elementsOverlap(left: readonly Element[], right: readonly Element[]): boolean {
  const seen = new Set<number>([0]);
  const width = right.length + 1;
  for (const state of seen) {
    const [leftAt, rightAt] = [Math.floor(state / width), state % width];
    if (leftAt === left.length && rightAt === right.length) return true;
    const [a, b] = [left[leftAt], right[rightAt]];
    if (a && isRepeated(a)) seen.add((leftAt + 1) * width + rightAt);
    if (b && isRepeated(b)) seen.add(leftAt * width + rightAt + 1);
    if (a && b && shareCharacter(a, b)) {
      seen.add((isRepeated(a) ? leftAt : leftAt + 1) * width + (isRepeated(b) ? rightAt : rightAt + 1));
    }
  }
  return false;
}

function isRepeated(element: Element): boolean {
  return element.kind === 'star' || element.kind === 'stars';
}

function takes(element: Element, char: string): boolean {
  if (element.kind === 'text') return element.char === char;
  return element.kind === 'stars' || char !== '/';
}

function shareCharacter(a: Element, b: Element): boolean {
  if (a.kind === 'text') return takes(b, a.char);
  if (b.kind === 'text') return takes(a, b.char);
  return true;
}

function expand(match: string): Element[][] {
  let lists: Element[][] = [[]];
  const chars = [...match];
  let at = 0;
  const append = (endings: Element[][]): void => {
    lists = lists.flatMap((list) => endings.map((ending) => [...list, ...ending]));
    if (lists.length > MAX_ALTERNATIVES)
      throw invalid(match, `has more than ${MAX_ALTERNATIVES} alternatives`);
  };
  const readElement = (): Element => {
    const char = chars[at] as string;
    at += 1;
    if (char === '?') return { kind: 'one' };
    if (char === '*' && chars[at] === '*') {
      at += 1;
      return { kind: 'stars' };
    }
    if (char === '*') return { kind: 'star' };
    if (char !== '\\') return { kind: 'text', char };
    const escaped = chars[at];
    if (escaped === undefined) throw invalid(match, "ends with '\\'");
    at += 1;
    return { kind: 'text', char: escaped };
  };
  while (at < chars.length) {
    if (chars[at] === '}') throw invalid(match, "has a '}' without '{'");
    if (chars[at] !== '{') {
      append([[readElement()]]);
      continue;
    }
    at += 1;
    const endings: Element[][] = [[]];
    while (chars[at] !== '}') {
      if (at >= chars.length) throw invalid(match, "has a '{' without '}'");
      if (chars[at] === '{') throw invalid(match, 'has braces within braces');
      if (chars[at] === ',') {
        at += 1;
        endings.push([]);
      } else {
        endings.at(-1)?.push(readElement());
      }
    }
    at += 1;
    append(endings);
  }
  return lists;
}

function invalid(match: string, why: string): LoadError {
  return new LoadError('invalid-pattern', `'${match}' ${why}`, {
    hint: "write a pattern such as '*.csv.gz', '**/part-*.json' or '*.{csv,tsv}'",
  });
}
