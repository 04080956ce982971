/**
 * The word that somebody who wrote `word` most likely meant, or undefined when none is near.
 *
 * Near: at most a third of the letters differ (one at least is allowed), counting a swap of neighbours as one; or one
 * is the beginning of the other. Case and `_`/`-` do not count.
 */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  const plain = simplify(word);
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const other = simplify(candidate);
    const isBeginning =
      plain.length >= 2 && other.length >= 2 && (other.startsWith(plain) || plain.startsWith(other));
    const distance = isBeginning ? Math.min(1, editDistance(plain, other)) : editDistance(plain, other);
    const limit = Math.max(1, Math.floor(Math.max(plain.length, other.length) / 3));
    if (distance <= limit && (best === undefined || distance < best.distance))
      best = { word: candidate, distance };
  }
  return best?.word;
}

function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/gu, '');
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1;
      const isSwap =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + cost,
          isSwap ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
