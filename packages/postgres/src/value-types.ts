import type { SqlValue } from '@millrace/core';
import type { CustomTypesConfig } from 'pg';

/** Object ids of types (PostgreSQL's pg_type). */
const BOOL = 16;
const NUMBERS = new Set([21, 23, 26, 700, 701]);
const INT8 = 20;

function toInteger(text: string): SqlValue {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** Texts but for booleans and numbers that a number can hold: a timestamp must not pass through this machine's zone. */
export const VALUE_TYPES: CustomTypesConfig = {
  getTypeParser: (type: number) => {
    if (type === BOOL) return (text: string) => text === 't';
    if (NUMBERS.has(type)) return Number;
    return type === INT8 ? toInteger : (text: string) => text;
  },
};
