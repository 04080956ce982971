/** For what cannot be unless the code is wrong: stops before wrong work is done. */
export function assertInvariant(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${sentence}`);
}
