/**
 * Whether objects and arrays of a JSON text lie within each other deeper than `limit`.
 *
 * @param json well-formed: it was parsed, or written by `JSON.stringify`
 */
export function isDeeperThan(json: string, limit: number): boolean {
  return opensMoreThan(json, limit) && depthOf(json) > limit;
}

/** Most texts open so few that their depth need not be looked at. */
function opensMoreThan(json: string, limit: number): boolean {
  let opened = 0;
  for (const bracket of ['{', '[']) {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) {
      opened += 1;
      if (opened > limit) return true;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENERS = new Set([0x7b, 0x5b]);
const CLOSERS = new Set([0x7d, 0x5d]);

function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (isText) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) isText = false;
    } else if (code === QUOTE) {
      isText = true;
    } else if (OPENERS.has(code)) {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (CLOSERS.has(code)) {
      depth -= 1;
    }
  }
  return deepest;
}
