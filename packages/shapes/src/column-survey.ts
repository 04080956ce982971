import type { ColumnShape, CopyOptions, ValueKind } from '@millrace/core';
import { isCalendarDate, isClockTime } from './calendar.ts';

const INTEGER = /^-?(?:0|[1-9]\d*)$/u;
const DECIMAL = /^-?(0|[1-9]\d*)\.(\d+)$/u;
/** What COPY takes for a number beside these: an exponent, a sign or a point at an end. */
const DOUBLE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/u;
const DATE = /^\d{4}-\d{2}-\d{2}$/u;
const MOMENT =
  /^(\d{4}-\d{2}-\d{2})([ T])(\d{2}:\d{2}:\d{2})(?:\.\d{1,6})?(\s?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?))?$/u;
/** Longer ones are text, whatever they begin with. */
const MAX_PLAIN_LENGTH = 64;

/** Which forms of dates and times COPY takes besides its own, by its options. */
export interface MomentForms {
  readonly dates: 'own' | 'none';
  /** `any`: with a `T` and a zone too. */
  readonly timestamps: 'own' | 'any' | 'none';
}

export function momentFormsOf({
  dateFormat,
  timeFormat,
}: Pick<CopyOptions, 'dateFormat' | 'timeFormat'>): MomentForms {
  return {
    dates: dateFormat === undefined || dateFormat === 'auto' ? 'own' : 'none',
    timestamps: timeFormat === undefined ? 'own' : timeFormat === 'auto' ? 'any' : 'none',
  };
}

/** Sees the values of one column, one after another, and tells what they look like. */
export class ColumnSurvey {
  readonly name: string;
  readonly #forms: MomentForms;
  readonly #kinds = new Set<ValueKind>();
  #maxBytes = 0;
  #wholeDigits = 0;
  #scale = 0;
  #digits = 0;

  constructor(name: string, forms: MomentForms) {
    this.name = name;
    this.#forms = forms;
  }

  /** @param value a text of a byte per character (latin1) */
  seeText(value: string): void {
    if (value.length > this.#maxBytes) this.#maxBytes = value.length;
    // Once a column has text in it, nothing that comes can make it anything else, and numbers tell nothing more.
    if (this.#kinds.has('text') && this.#kinds.size > 0 && value.length > 0) return;
    this.#kinds.add(this.#kindOf(value));
  }

  /** A text of JSON: in quotes, so no number. */
  seeQuoted(value: string): void {
    if (value.length > this.#maxBytes) this.#maxBytes = value.length;
    if (this.#kinds.has('text')) return;
    const kind = value.length > MAX_PLAIN_LENGTH ? 'text' : this.#momentOf(value);
    this.#kinds.add(kind);
  }

  see(kind: ValueKind, bytes: number): void {
    if (bytes > this.#maxBytes) this.#maxBytes = bytes;
    this.#kinds.add(kind);
  }

  seeNumber(value: string): void {
    if (value.length > this.#maxBytes) this.#maxBytes = value.length;
    this.#kinds.add(this.#numberKind(value) ?? 'double');
  }

  /** @param options `mixesJson`: beside an object or an array every value is JSON. */
  shape({ mixesJson }: { mixesJson: boolean }): ColumnShape {
    const isJson = mixesJson && this.#kinds.has('json');
    return {
      name: this.name,
      kinds: isJson ? ['json'] : [...this.#kinds],
      maxBytes: this.#maxBytes,
      wholeDigits: this.#wholeDigits,
      scale: this.#scale,
      digits: this.#digits,
    };
  }

  #kindOf(value: string): ValueKind {
    if (value.length > MAX_PLAIN_LENGTH) return isJsonText(value) ? 'json' : 'text';
    const first = value.charCodeAt(0);
    const isNumeric = (first >= 0x30 && first <= 0x39) || first === 0x2d || first === 0x2e || first === 0x2b;
    if (isNumeric) return this.#numberKind(value) ?? this.#momentOf(value);
    if (value === 'true' || value === 'false') return 'boolean';
    return isJsonText(value) ? 'json' : 'text';
  }

  #numberKind(value: string): ValueKind | undefined {
    if (INTEGER.test(value)) {
      const digits = value.charCodeAt(0) === 0x2d ? value.length - 1 : value.length;
      this.#count(digits, 0);
      return 'integer';
    }
    const [, whole, fraction] = DECIMAL.exec(value) ?? [];
    if (whole !== undefined && fraction !== undefined) {
      this.#count(whole.length, fraction.length);
      return 'decimal';
    }
    if (!DOUBLE.test(value)) return undefined;
    // A zero in front (`007`) is a code, not a number: as one it would come back without.
    if (/^[+-]?0\d/u.test(value)) return 'text';
    this.#count(0, value.replace(/[eE].*$/u, '').replaceAll(/\D/gu, '').length);
    return 'double';
  }

  #count(whole: number, scale: number): void {
    if (whole > this.#wholeDigits) this.#wholeDigits = whole;
    if (scale > this.#scale) this.#scale = scale;
    if (whole + scale > this.#digits) this.#digits = whole + scale;
  }

  #momentOf(value: string): ValueKind {
    const { dates, timestamps } = this.#forms;
    if (DATE.test(value)) return dates === 'own' && isCalendarDate(value) ? 'date' : 'text';
    if (timestamps === 'none') return 'text';
    const [, day, between, time, zone] = MOMENT.exec(value) ?? [];
    if (day === undefined || time === undefined || !isCalendarDate(day) || !isClockTime(time)) return 'text';
    if (timestamps === 'own') return between === ' ' && zone === undefined ? 'timestamp' : 'text';
    return zone === undefined ? 'timestamp' : 'timestamptz';
  }
}

/** Whether a text (latin1) is a JSON object or array. */
function isJsonText(value: string): boolean {
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  const mayBe = (first === 0x7b && last === 0x7d) || (first === 0x5b && last === 0x5d);
  if (!mayBe) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
