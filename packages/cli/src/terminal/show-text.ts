/**
 * Text from outside (a file's name, a raw value) as it may be shown on one line: control characters are written as
 * escapes, so that no value can move the cursor, colour the screen or break a line.
 */
export function showText(text: string): string {
  return text.replace(/[\p{Cc}\u{2028}\u{2029}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu, (char) => {
    const short = SHORT[char];
    if (short !== undefined) return short;
    return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The columns that a text takes on a terminal: marks take none, East Asian characters and emoji take two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) {
    if (/\p{M}|\p{Cf}/u.test(char)) continue;
    width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}]|\p{Emoji_Presentation}/u;

/** The beginning of a text in at most `width` columns, with `…` where something was left out. */
export function cutText(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  let used = 0;
  for (const char of text) {
    const next = used + widthOf(char);
    if (next > width - 1) break;
    cut += char;
    used = next;
  }
  return `${cut}…`;
}
