/**
 * A text of at most `maxBytes` of UTF-8: what is too long keeps its beginning and its end (a message's hint stands
 * last) and says how much was left out.
 */
export function cutText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const note = ` …(${bytes.length} bytes)… `;
  const room = Math.max(0, maxBytes - Buffer.byteLength(note));
  const head = wholeCharacters(bytes.subarray(0, Math.ceil(room * 0.7)));
  const tail = wholeCharacters(bytes.subarray(bytes.length - Math.floor(room * 0.3)));
  return `${head}${note}${tail}`;
}

/** Without the pieces of characters at either end. */
function wholeCharacters(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes).replace(/^\uFFFD+|\uFFFD+$/gu, '');
}
