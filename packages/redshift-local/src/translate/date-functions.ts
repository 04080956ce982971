import { quoteText } from '../catalog/quote.ts';
import { RedshiftError } from '../redshift-error.ts';
import { formatPieces, strptimeFormat } from './date-format.ts';
import { datePart } from './date-part.ts';
import { type FunctionCall, type FunctionRule, undefinedFunction } from './function-call.ts';
import { template, timestampTemplate } from './function-rule.ts';
import { numberToChar } from './number-format.ts';
import { isWord, type SqlNode, stringOf, wordOf } from './token-tree.ts';

export const DATE_FUNCTIONS: readonly [string, FunctionRule][] = [
  ['getdate', timestampTemplate('rs_system.getdate()')],
  ['now', timestampTemplate('current_timestamp')],
  ['timeofday', template("strftime(current_timestamp, '%a %b %d %H:%M:%S.%f %Y UTC')")],
  ['date', template('cast($1 as date)')],
  ['dateadd', dateadd],
  ['date_add', dateadd],
  ['datediff', datediff],
  ['date_diff', datediff],
  ['date_part', datePartOf],
  ['pgdate_part', datePartOf],
  ['date_part_year', template("date_part('year', $1)")],
  ['extract', extract],
  ['date_trunc', dateTrunc],
  ['add_months', withDates([0], timestampTemplate('rs_system.add_months($1, $2)'))],
  ['months_between', withDates([0, 1], template('rs_system.months_between($1, $2)'))],
  ['last_day', withDates([0], template('last_day(cast($1 as timestamp))'))],
  ['next_day', withDates([0], template('rs_system.next_day($1, $2)'))],
  ['date_cmp', template('sign(cast($1 as date) - cast($2 as date))')],
  ['timestamp_cmp', template('rs_system.compare(cast($1 as timestamp), cast($2 as timestamp))')],
  [
    'convert_timezone',
    timestampTemplate("rs_system.convert_timezone('UTC', $1, $2)", 'rs_system.convert_timezone($1, $2, $3)'),
  ],
  ['to_char', toChar],
  ['to_date', toDate],
  ['to_timestamp', toTimestamp],
  ['to_number', template('rs_system.to_number($1, $2)')],
];

/** A date part written as a word or as a string. */
function readPart(nodes: readonly SqlNode[] | undefined): string {
  const name = (nodes?.length === 1 && (wordOf(nodes[0]) ?? stringOf(nodes[0]))) || '';
  const part = datePart(name);
  if (part === undefined) {
    throw new RedshiftError(`timestamp units "${name}" not recognized`, { sqlState: '22023' });
  }
  return part;
}

/** A date argument: DuckDB cannot guess whether a bare literal is a date, a time or a timestamp. */
function dateArgument(call: FunctionCall, index: number): string {
  const text = call.args[index] ?? '';
  const item = call.items[index];
  return item?.length === 1 && stringOf(item[0]) !== undefined ? `cast(${text} as timestamp)` : text;
}

function withDates(positions: readonly number[], rule: FunctionRule): FunctionRule {
  return (call) =>
    rule({
      ...call,
      args: call.args.map((arg, index) => (positions.includes(index) ? dateArgument(call, index) : arg)),
    });
}

/** DATEADD(part, n, date): a timestamp, also for a date. */
function dateadd(call: FunctionCall): { text: string; isTimestamp: boolean } {
  if (call.args.length !== 3) throw undefinedFunction('dateadd', call.args.length);
  const part = readPart(call.items[0]);
  const unit = INTERVALS[part];
  if (unit === undefined) {
    throw new RedshiftError(`timestamp units "${part}" not supported in DATEADD`, { sqlState: '22023' });
  }
  const amount = /^-?\d+$/u.test(call.args[1] ?? '')
    ? call.args[1]
    : `cast(trunc(${call.args[1]}) as bigint)`;
  const factor = unit[1] === 1 ? amount : `${unit[1]} * (${amount})`;
  return {
    text: `(${dateArgument(call, 2)} + ${unit[0]}(cast(${factor} as ${unit[2]})))`,
    isTimestamp: true,
  };
}

const INTERVALS: Readonly<Record<string, readonly [fn: string, factor: number, type: string]>> = {
  millennium: ['to_years', 1000, 'integer'],
  century: ['to_years', 100, 'integer'],
  decade: ['to_years', 10, 'integer'],
  year: ['to_years', 1, 'integer'],
  quarter: ['to_months', 3, 'integer'],
  month: ['to_months', 1, 'integer'],
  week: ['to_days', 7, 'integer'],
  day: ['to_days', 1, 'integer'],
  hour: ['to_hours', 1, 'bigint'],
  minute: ['to_minutes', 1, 'bigint'],
  second: ['to_microseconds', 1_000_000, 'bigint'],
  millisecond: ['to_microseconds', 1000, 'bigint'],
  microsecond: ['to_microseconds', 1, 'bigint'],
};

function datediff(call: FunctionCall): { text: string } {
  if (call.args.length !== 3) throw undefinedFunction('datediff', call.args.length);
  const part = readPart(call.items[0]);
  return { text: `date_diff('${part}', ${dateArgument(call, 1)}, ${dateArgument(call, 2)})` };
}

function datePartOf(call: FunctionCall): { text: string } {
  if (call.args.length !== 2) throw undefinedFunction('date_part', call.args.length);
  return { text: partSql(readPart(call.items[0]), dateArgument(call, 1)) };
}

/** EXTRACT(part FROM date). */
function extract(call: FunctionCall): { text: string } {
  const from = call.nodes.findIndex((node) => isWord(node, 'from'));
  if (from < 1) throw undefinedFunction('extract', call.args.length);
  const rest = call.nodes.slice(from + 1);
  const text = call.rewrite(rest);
  const isLiteral = rest.length === 1 && stringOf(rest[0]) !== undefined;
  return {
    text: partSql(readPart(call.nodes.slice(0, from)), isLiteral ? `cast(${text} as timestamp)` : text),
  };
}

function partSql(part: string, date: string): string {
  return `date_part('${part}', ${date})`;
}

function dateTrunc(call: FunctionCall): { text: string; isTimestamp: boolean } {
  if (call.args.length !== 2) throw undefinedFunction('date_trunc', call.args.length);
  const part = readPart(call.items[0]);
  return { text: `date_trunc('${part}', ${dateArgument(call, 1)})`, isTimestamp: true };
}

function literalFormat(call: FunctionCall): string {
  const item = call.items[1];
  const format = item?.length === 1 ? stringOf(item[0]) : undefined;
  if (format === undefined) {
    throw new RedshiftError(
      `${call.name.toUpperCase()} with a format that is not a literal is not supported`,
      {
        sqlState: '0A000',
      },
    );
  }
  return format;
}

/** TO_CHAR of a number when the format has number signs in it, else of a date. */
function toChar(call: FunctionCall): { text: string } {
  if (call.args.length !== 2) throw undefinedFunction('to_char', call.args.length);
  const format = literalFormat(call);
  if (/[09]/u.test(format)) return { text: numberToChar(call.args[0] as string, format) };
  return { text: formatPieces(dateArgument(call, 0), format) };
}

function toDate(call: FunctionCall): { text: string } {
  if (call.args.length < 2 || call.args.length > 3) throw undefinedFunction('to_date', call.args.length);
  return {
    text: `cast(strptime(${call.args[0]}, ${quoteText(strptimeFormat(literalFormat(call)))}) as date)`,
  };
}

function toTimestamp(call: FunctionCall): { text: string; isTimestamp: boolean } {
  if (call.args.length < 2 || call.args.length > 3) throw undefinedFunction('to_timestamp', call.args.length);
  const format = quoteText(strptimeFormat(literalFormat(call)));
  return {
    text: `timezone('UTC', cast(strptime(${call.args[0]}, ${format}) as timestamp))`,
    isTimestamp: true,
  };
}
