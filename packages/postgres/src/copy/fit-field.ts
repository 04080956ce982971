import type { CopyColumn } from './copy-column.ts';
import type { FieldRules } from './file-reading.ts';

/** Whether a rule may change fields of a column: where none does, fields go through as bytes. */
export function needsFit(column: CopyColumn, rules: FieldRules): boolean {
  if (column.isText) {
    return rules.blanksAsNull || rules.trimBlanks || (rules.truncates && column.maxLength !== null);
  }
  return column.isTimestamp && rules.epoch !== null;
}

/** A value as its column takes it; null: NULL. */
export function fitField(text: string, column: CopyColumn, rules: FieldRules): string | null {
  if (!column.isText) return fitTime(text, rules);
  if (rules.blanksAsNull && text !== '' && /^\s+$/u.test(text)) return null;
  const trimmed = rules.trimBlanks ? text.trimEnd() : text;
  const { maxLength } = column;
  if (!rules.truncates || maxLength === null || trimmed.length <= maxLength) return trimmed;
  const characters = [...trimmed];
  return characters.length > maxLength ? characters.slice(0, maxLength).join('') : trimmed;
}

const MS_PER_SECOND = 1_000;

/** Seconds or milliseconds since 1970 as a timestamp; what is no number is left for PostgreSQL to refuse. */
function fitTime(text: string, { epoch }: FieldRules): string {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) return text;
  const at = new Date(epoch === 'seconds' ? number * MS_PER_SECOND : number);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}
