/**
 * The order of listings and of `ORDER BY url`: that of the UTF-8 bytes. JavaScript compares UTF-16 units, which differs
 * where one text has a character beyond U+FFFF (a pair of surrogates) and the other one from U+E000 on.
 */
export function compareUrls(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Surrogates behind all units that stand for themselves. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** A text before all that begin with `prefix`, and close to them. */
export function startOf(prefix: string): string {
  return [...prefix].slice(0, -1).join('');
}

/** The first text behind all that begin with `prefix`. The prefix ends in a character that has a next one, as `/`. */
export function endOf(prefix: string): string {
  const characters = [...prefix];
  const last = characters.pop()?.codePointAt(0) ?? 0;
  // There are no characters among the surrogates.
  const next = last === 0xd7ff ? 0xe000 : last + 1;
  return next > 0x10ffff ? endOf(characters.join('')) : characters.join('') + String.fromCodePoint(next);
}

/** What two streams say of a place: at least one of them something. */
export interface Joined<Left, Right> {
  readonly url: string;
  readonly left: Left | undefined;
  readonly right: Right | undefined;
}

/**
 * Walks two streams side by side, each in the order of its URLs and with a URL once. It holds one element of each, so a
 * comparison of millions takes the memory of two pages.
 */
export async function* mergeByUrl<Left, Right>(
  left: AsyncIterable<Left>,
  right: AsyncIterable<Right>,
  { urlOfLeft, urlOfRight }: { urlOfLeft: (one: Left) => string; urlOfRight: (one: Right) => string },
): AsyncGenerator<Joined<Left, Right>> {
  const lefts = left[Symbol.asyncIterator]();
  const rights = right[Symbol.asyncIterator]();
  try {
    let [one, other] = await Promise.all([lefts.next(), rights.next()]);
    while (one.done !== true || other.done !== true) {
      const urls = {
        left: one.done === true ? undefined : urlOfLeft(one.value),
        right: other.done === true ? undefined : urlOfRight(other.value),
      };
      const order = orderOf(urls);
      const url = order <= 0 ? urls.left : urls.right;
      yield {
        url: url ?? '',
        left: order <= 0 && one.done !== true ? one.value : undefined,
        right: order >= 0 && other.done !== true ? other.value : undefined,
      };
      [one, other] = await Promise.all([order <= 0 ? lefts.next() : one, order >= 0 ? rights.next() : other]);
    }
  } finally {
    // Whoever stops in the middle leaves no listing open.
    await Promise.all([lefts.return?.(), rights.return?.()]);
  }
}

/** Below 0: the left one comes first. The end of a stream comes last. */
function orderOf({ left, right }: { left: string | undefined; right: string | undefined }): number {
  if (left === undefined) return 1;
  return right === undefined ? -1 : compareUrls(left, right);
}
