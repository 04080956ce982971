const NUMBER = new Intl.NumberFormat('en');
const SHORT_NUMBER = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function formatNumber(value: number): string {
  return NUMBER.format(value);
}

/** `12.3M`: for places where the exact number is not what matters. */
export function formatShort(value: number): string {
  return value < 10_000 ? NUMBER.format(value) : SHORT_NUMBER.format(value);
}

export function count(value: number, thing: string): string {
  return `${NUMBER.format(value)} ${thing}${value === 1 ? '' : 's'}`;
}

/** `850 ms`, `4.2 s`, `3 min`, `5 h 20 min`, `4 d`. */
export function formatSpan(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 || hours >= 10 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} d`;
}

/** Whole seconds: for what moves while somebody looks at it. */
export function formatAge(ms: number): string {
  return ms < 1_000 ? 'now' : formatSpan(Math.floor(Math.max(0, ms) / 1_000) * 1_000).replace('.0 s', ' s');
}

export function formatAgo(at: string, now: number): string {
  const ms = now - Date.parse(at);
  return ms < 2_000 ? 'just now' : `${formatAge(ms)} ago`;
}

export function formatIn(at: string, now: number): string {
  const ms = Date.parse(at) - now;
  return ms <= 1_000 ? 'now' : `in ${formatAge(ms)}`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `14:03:21` today, else `20 Nov 14:03`: in the time of this machine. */
export function formatInstant(at: string, now: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday
    ? date.toLocaleTimeString('en-GB')
    : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}`;
}

/** The instant in full, for titles. */
export function formatExact(at: string): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** What cannot be seen is written as an escape: no value can hide in a list, or turn its direction around. */
export function showText(text: string): string {
  return text.replace(
    /[\p{Cc}\u{2028}\u{2029}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}]/gu,
    (char) =>
      ({ '\n': '\\n', '\r': '\\r', '\t': '\\t' })[char] ?? `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Lower-case sentences of the pipeline, as they begin a line. Names and addresses stay as they are. */
export function sentence(text: string): string {
  return /^[a-z][a-z'’-]*(?:[ ,:;!]|[.]?$)/u.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
