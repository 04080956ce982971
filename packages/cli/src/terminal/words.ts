/** `1 file`, `1,200 files`. */
export function count(amount: number, noun: string): string {
  return `${formatNumber(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

let formatter: Intl.NumberFormat | undefined;

/** Node's tables of languages take a tenth of a command's time to load: small numbers do without. */
export function formatNumber(amount: number): string {
  if (Number.isInteger(amount) && Math.abs(amount) < 1_000) return String(amount);
  formatter ??= new Intl.NumberFormat('en-US');
  return formatter.format(amount);
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** `999 B`, `1.2 MB`: powers of 1000. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  let amount = bytes;
  for (const unit of BYTE_UNITS) {
    amount /= 1_000;
    if (amount < 999.5 || unit === 'TB') return `${amount.toFixed(amount < 9.95 ? 1 : 0)} ${unit}`;
  }
  return `${bytes} B`;
}

/** A time span for people, two units at most: `120 ms`, `4.2 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`. */
export function formatSpan(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3_600)];
  const [minutes, rest] = [Math.floor((seconds % 3_600) / 60), seconds % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} m`;
  return `${minutes} m ${String(rest).padStart(2, '0')} s`;
}

/** `2026-11-21 12:51:07Z` */
export function formatInstant(at: number | string): string {
  return new Date(at)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/u, 'Z');
}
