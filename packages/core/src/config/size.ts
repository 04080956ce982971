import { LoadError } from '../recover/load-error.ts';

const BYTES_OF: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** How a size is written: a number and a unit. Also the `pattern` of the JSON Schema. */
export const SIZE_PATTERN = /^\d+(?:\.\d+)? ?(?:[kKmMgGtT][iI]?)?[bB]$/u;

export const SIZE_HINT =
  'write a number with B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024)';

/**
 * Reads `64KB`, `1.5 GB`, `512MiB` as bytes.
 *
 * @throws LoadError `invalid-size` for anything else: also for a bare number, whose unit would be a guess.
 */
export function parseSize(text: string): number {
  const [, amount, unit] = SIZE_PATTERN.test(text) ? (/^([\d.]+) ?(\w+)$/u.exec(text) ?? []) : [];
  const bytes = Math.round(Number(amount) * (BYTES_OF[unit?.toLowerCase() ?? ''] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes)) {
    throw new LoadError('invalid-size', `'${text}' is not a size`, { hint: SIZE_HINT });
  }
  return bytes;
}

/** The text that `parseSize` reads as these bytes: in the largest unit of which it is a whole number. */
export function formatSize(bytes: number): string {
  for (const unit of ['TB', 'TiB', 'GB', 'GiB', 'MB', 'MiB', 'KB', 'KiB']) {
    const size = BYTES_OF[unit.toLowerCase()] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}
