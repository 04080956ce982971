/**
 * Parses JSON in which lists and objects may end with a comma, as documents that people keep by hand do.
 *
 * @throws SyntaxError as `JSON.parse`, with the position in `text`.
 */
export function parseTolerantJson(text: string): unknown {
  // A comma becomes a space, so that positions in error messages stay true. Strings are matched to be left alone.
  const strict = text
    .replace(/^\u{feff}/u, ' ')
    .replaceAll(/"(?:[^"\\]|\\.)*"|,(?=\s*[\]}])/gsu, (found) => (found === ',' ? ' ' : found));
  return JSON.parse(strict);
}
