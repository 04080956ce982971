const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * A ULID: 48 bits of time, 80 of chance, 26 characters that sort by time.
 *
 * @param random 16 bytes or more of chance; each character of the tail takes five bits of one byte.
 */
export function ulid(now: number, random: Uint8Array): string {
  let time = '';
  let rest = now;
  for (let i = 0; i < 10; i += 1) {
    time = (ALPHABET[rest % 32] as string) + time;
    rest = Math.floor(rest / 32);
  }
  let tail = '';
  for (const byte of random.subarray(0, 16)) tail += ALPHABET[byte % 32] as string;
  return time + tail;
}

/** When a ULID was made: epoch ms. */
export function timeOfUlid(id: string): number {
  return [...id.slice(0, 10)].reduce((time, character) => time * 32 + ALPHABET.indexOf(character), 0);
}
