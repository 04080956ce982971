import { BACKSLASH, CARRIAGE_RETURN, LINE_FEED, SMALL_N, SMALL_R, SMALL_T, TAB } from './row-reader.ts';

/** A byte of a field, as PostgreSQL's text format has it. @returns where the next byte goes */
export function writeEscaped(out: Buffer, at: number, byte: number): number {
  switch (byte) {
    case TAB:
      return writePair(out, at, SMALL_T);
    case LINE_FEED:
      return writePair(out, at, SMALL_N);
    case CARRIAGE_RETURN:
      return writePair(out, at, SMALL_R);
    case BACKSLASH:
      return writePair(out, at, BACKSLASH);
    default:
      out[at] = byte;
      return at + 1;
  }
}

function writePair(out: Buffer, at: number, letter: number): number {
  out[at] = BACKSLASH;
  out[at + 1] = letter;
  return at + 2;
}
