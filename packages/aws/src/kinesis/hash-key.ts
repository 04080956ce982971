import { hash } from 'node:crypto';

/**
 * Where a record is in the hash key space of a stream, as 32 hexadecimal digits: texts of one length compare as the
 * numbers do, which spares big integers for every record.
 */
export type HashKey = string;

const DIGITS = 32;
const END = 1n << 128n;
const DECIMAL = /^(?:0|[1-9]\d{0,38})$/u;

/** Kinesis' own rule: the explicit hash key, or else the MD5 of the partition key's UTF-8 bytes. */
export function hashKeyOf(record: {
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
}): HashKey {
  const { partitionKey, explicitHashKey } = record;
  return explicitHashKey === undefined ? hash('md5', partitionKey, 'hex') : toHashKey(explicitHashKey);
}

/** @param decimal as Kinesis writes it; `isHashKeyText` says whether it is one */
export function toHashKey(decimal: string): HashKey {
  return BigInt(decimal).toString(16).padStart(DIGITS, '0');
}

export function decimalOf(hashKey: HashKey): string {
  return BigInt(`0x${hashKey}`).toString();
}

/** A decimal number from 0 to 2^128 − 1, without leading zeros. */
export function isHashKeyText(text: string): boolean {
  return DECIMAL.test(text) && BigInt(text) < END;
}
