import type { ClassFacts, ColumnFacts, ValueClass } from './column-facts.ts';

/** A column of the table to be created. */
export interface ColumnChoice {
  readonly label: string;
  readonly type: string;
  /** What was seen, for the person who reviews it. */
  readonly why: string;
}

export interface TypeChoices {
  readonly columns: readonly ColumnChoice[];
  /** The word that means NULL in the file, where there is one. */
  readonly nullWord: string | null;
  /** COPY has to be told how dates and timestamps are written. */
  readonly dateFormat: DateFormat | null;
  readonly timeFormat: string | null;
}

const DATE_FORMATS = {
  'MM/DD/YYYY': { class: 'month-first-date', words: 'month/day/year' },
  'DD/MM/YYYY': { class: 'day-first-date', words: 'day/month/year' },
} as const;
type DateFormat = keyof typeof DATE_FORMATS;

/** The largest VARCHAR of Redshift, in bytes. */
const MAX_VARCHAR = 65_535;
const MIN_VARCHAR = 16;
/** An INTEGER ends at 2 147 483 647; an id with ten digits is about to pass it. */
const INTEGER_DIGITS = 9;
const BIGINT_DIGITS = 18;
const DECIMAL_DIGITS = 38;
/** Digits that Redshift's DECIMAL has behind the point, at most. */
const MAX_SCALE = 37;
/** A number that was a DOUBLE once is written with at most so many digits, and becomes the same one again. */
const DOUBLE_DIGITS = 17;
/** More digits behind the point than money or rates have: a measurement, for which DOUBLE PRECISION is made. */
const MAX_MONEY_SCALE = 6;

/**
 * Chooses Redshift types for what a sample shows. A type is chosen only when every value fits it: what could also be
 * text (codes with leading zeros, mixed columns) stays text, because a text can be cast later and a lost zero not.
 */
export function chooseTypes(columns: readonly ColumnFacts[]): TypeChoices {
  const nullWord = findNullWord(columns);
  const dateFormat = findDateFormat(columns, nullWord);
  const choices = columns.map(({ label, classes }) => {
    const facts = classes.filter((one) => !isNullWord(one, nullWord));
    return { label, ...chooseType(facts, { dateFormat }) };
  });
  const hasTimes = choices.some(({ type }) => type.startsWith('TIMESTAMP'));
  return { columns: choices, nullWord, dateFormat, timeFormat: hasTimes ? 'auto' : null };
}

function chooseType(
  facts: readonly ClassFacts[],
  { dateFormat }: { dateFormat: DateFormat | null },
): { type: string; why: string } {
  if (facts.length === 0) return { type: 'VARCHAR(256)', why: 'empty in the sample' };
  const integerDigits = Math.max(...facts.map((one) => one.integerDigits));
  const scale = Math.max(...facts.map((one) => one.scale));
  if (isOnly(facts, ['integer'])) return integerType(integerDigits);
  if (isOnly(facts, ['integer', 'decimal'])) {
    return decimalType({ integerDigits, scale, isDouble: fitsDouble(facts) }) ?? longNumberType(facts);
  }
  if (isOnly(facts, ['integer', 'decimal', 'float'])) {
    return fitsDouble(facts)
      ? { type: 'DOUBLE PRECISION', why: 'numbers with an exponent' }
      : longNumberType(facts);
  }
  if (isOnly(facts, ['boolean'])) return { type: 'BOOLEAN', why: 'true, false' };
  // One DATEFORMAT is for all dates of a file: those written otherwise stay text.
  if (isOnly(facts, ['date']) && dateFormat === null) return { type: 'DATE', why: rangeOf(facts) };
  if (dateFormat !== null && isOnly(facts, ['slash-date', DATE_FORMATS[dateFormat].class])) {
    return { type: 'DATE', why: DATE_FORMATS[dateFormat].words };
  }
  if (isOnly(facts, ['timestamptz'])) return { type: 'TIMESTAMPTZ', why: rangeOf(facts) };
  if (isOnly(facts, ['timestamp', 'date']) && facts.some((one) => one.class === 'timestamp')) {
    return { type: 'TIMESTAMP', why: rangeOf(facts) };
  }
  if (isOnly(facts, ['nested'])) return { type: 'SUPER', why: 'objects or lists' };
  return textType(facts);
}

function integerType(digits: number): { type: string; why: string } {
  const why = digits === 1 ? 'whole numbers of 1 digit' : `whole numbers of up to ${digits} digits`;
  if (digits <= INTEGER_DIGITS) return { type: 'INTEGER', why };
  if (digits <= BIGINT_DIGITS) return { type: 'BIGINT', why };
  if (digits <= DECIMAL_DIGITS) return { type: `DECIMAL(${DECIMAL_DIGITS},0)`, why };
  return { type: `VARCHAR(${varcharLength(digits + 1)})`, why: `${why}: more than DECIMAL holds` };
}

interface DecimalFacts {
  readonly integerDigits: number;
  readonly scale: number;
  /** Whether DOUBLE PRECISION keeps them all. */
  readonly isDouble: boolean;
}

/** Null when there are more digits than any number type keeps. */
function decimalType({ integerDigits, scale, isDouble }: DecimalFacts): { type: string; why: string } | null {
  const behind = `up to ${scale === 1 ? '1 digit' : `${scale} digits`} behind the point`;
  if (scale > MAX_MONEY_SCALE && isDouble) return { type: 'DOUBLE PRECISION', why: behind };
  const places = Math.max(2, scale);
  if (places > MAX_SCALE || integerDigits + places > DECIMAL_DIGITS) {
    return isDouble ? { type: 'DOUBLE PRECISION', why: 'more digits than DECIMAL holds' } : null;
  }
  // Three digits of headroom before the point, where there is room: a thousand times what was seen.
  const precision = Math.min(DECIMAL_DIGITS, Math.max(18, integerDigits + 3 + places));
  return { type: `DECIMAL(${precision},${places})`, why: `${behind}; COPY cuts off further ones` };
}

function fitsDouble(facts: readonly ClassFacts[]): boolean {
  return facts.every((one) => one.significantDigits <= DOUBLE_DIGITS);
}

function longNumberType(facts: readonly ClassFacts[]): { type: string; why: string } {
  const { type, why } = textType(facts);
  return { type, why: `${why}: more digits than a number type keeps` };
}

function textType(facts: readonly ClassFacts[]): { type: string; why: string } {
  const bytes = Math.max(...facts.map((one) => one.maxBytes));
  const size = bytes === 1 ? '1 byte' : `${bytes} bytes`;
  if (bytes > MAX_VARCHAR) {
    return { type: `VARCHAR(${MAX_VARCHAR})`, why: `up to ${size}: too long, see TRUNCATECOLUMNS` };
  }
  const others = facts.filter((one) => one.class !== 'text').map((one) => WORDS[one.class]);
  const hasText = facts.some((one) => one.class === 'text');
  const mixed = others.length === 0 ? '' : `; ${[...(hasText ? ['text'] : []), ...others].join(', ')}`;
  return { type: `VARCHAR(${varcharLength(bytes)})`, why: `up to ${size}${mixed}` };
}

/** Twice the longest value, as a power of two: lengths are bytes, and a text with accents has more of them. */
export function varcharLength(bytes: number): number {
  return Math.min(MAX_VARCHAR, Math.max(MIN_VARCHAR, 2 ** Math.ceil(Math.log2(Math.max(1, bytes) * 2))));
}

const WORDS: Readonly<Record<ValueClass, string>> = {
  integer: 'whole numbers',
  decimal: 'decimal numbers',
  float: 'numbers with an exponent',
  boolean: 'true and false',
  date: 'dates',
  'month-first-date': 'dates as month/day/year',
  'day-first-date': 'dates as day/month/year',
  'slash-date': 'dates with day and month in unknown order',
  timestamp: 'timestamps',
  timestamptz: 'timestamps with zone',
  'null-word': 'NA and the like',
  nested: 'objects or lists',
  text: 'text',
};

function rangeOf(facts: readonly ClassFacts[]): string {
  const least = facts.map((one) => one.least).toSorted()[0] ?? '';
  const greatest =
    facts
      .map((one) => one.greatest)
      .toSorted()
      .at(-1) ?? '';
  return least === greatest ? least : `${least} to ${greatest}`;
}

function isOnly(
  facts: readonly ClassFacts[],
  classes: readonly ValueClass[],
  nullWord: string | null = null,
): boolean {
  const counted = facts.filter((one) => !isNullWord(one, nullWord));
  return counted.length > 0 && counted.every((one) => classes.includes(one.class));
}

function isNullWord(facts: ClassFacts, nullWord: string | null): boolean {
  return (
    nullWord !== null &&
    facts.class === 'null-word' &&
    facts.least === nullWord &&
    facts.greatest === nullWord
  );
}

/** How dates with slashes are to be read, when a column of them tells: a 31 in it can only be a day. */
function findDateFormat(columns: readonly ColumnFacts[], nullWord: string | null): DateFormat | null {
  for (const format of ['MM/DD/YYYY', 'DD/MM/YYYY'] as const) {
    const { class: telling } = DATE_FORMATS[format];
    const tells = columns.some(
      ({ classes }) =>
        isOnly(classes, ['slash-date', telling], nullWord) && classes.some((one) => one.class === telling),
    );
    if (tells) return format;
  }
  return null;
}

/**
 * The one word (COPY takes one) without which most columns would be typed: `NA` in a column of numbers. A column of
 * text in which it occurs is no witness: there it may be a value.
 */
function findNullWord(columns: readonly ColumnFacts[]): string | null {
  const votes = new Map<string, number>();
  for (const { classes } of columns) {
    const word = classes.find((one) => one.class === 'null-word');
    if (word === undefined || word.least !== word.greatest) continue;
    const others = classes.filter((one) => one !== word);
    if (others.length === 0 || others.some((one) => one.class === 'text' || one.class === 'nested')) continue;
    votes.set(word.least, (votes.get(word.least) ?? 0) + word.values);
  }
  const [best] = [...votes].toSorted(([, one], [, other]) => other - one);
  return best?.[0] ?? null;
}
