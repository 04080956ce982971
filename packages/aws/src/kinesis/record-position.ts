/** Kinesis' sequence numbers have up to 56 digits today; the padding makes texts of them that compare as they do. */
const SEQUENCE_DIGITS = 64;
/** An aggregate of 10 MiB holds less than two million records. */
const SUB_SEQUENCE_DIGITS = 8;

/** Where a user record is: in which Kinesis record, and which of those in there. */
export interface RecordPosition {
  readonly sequenceNumber: string;
  /** From 0; of a record that is no aggregate, 0. */
  readonly subSequenceNumber: number;
}

/** As a text that compares (`<`) as positions of one shard do. */
export function toPosition({ sequenceNumber, subSequenceNumber }: RecordPosition): string {
  return positionPrefixOf(sequenceNumber) + positionSuffixOf(subSequenceNumber);
}

/** What the positions of one Kinesis record have in common. */
export function positionPrefixOf(sequenceNumber: string): string {
  return `${sequenceNumber.padStart(SEQUENCE_DIGITS, '0')}.`;
}

export function positionSuffixOf(subSequenceNumber: number): string {
  return String(subSequenceNumber).padStart(SUB_SEQUENCE_DIGITS, '0');
}

/** @returns undefined for a text that `toPosition` did not make */
export function readPosition(position: string): RecordPosition | undefined {
  const match = /^0*(\d+)\.(\d+)$/u.exec(position);
  if (match === null) return undefined;
  const [, sequenceNumber = '', subSequenceNumber = ''] = match;
  return { sequenceNumber, subSequenceNumber: Number(subSequenceNumber) };
}
