import { quoteText } from '../catalog/quote.ts';
import { RedshiftError } from '../redshift-error.ts';

/**
 * `TO_CHAR(number, format)` as DuckDB SQL.
 *
 * Digits (9, 0), point (. D), groups (, G), sign (S, MI, PL, PR), currency ($, L) and FM are done.
 *
 * @throws RedshiftError for any other element.
 */
export function numberToChar(value: string, format: string): string {
  const isFilled = !/^fm/iu.test(format);
  let body = format.replace(/^fm/iu, '').toUpperCase();
  const sign = /^S|S$|MI$|^MI|PR$|PL$|^PL/u.exec(body)?.[0];
  if (sign !== undefined) body = body.replace(sign, '');
  const signAtEnd = sign !== undefined && format.toUpperCase().endsWith(sign);
  const currency = /^[$L]/u.test(body) ? '$' : '';
  body = body.replace(/^[$L]/u, '');
  const shape = /^([09,G]*)(?:[.D]([09]*))?$/u.exec(body);
  if (!shape)
    throw new RedshiftError(`TO_CHAR with the number format "${format}" is not supported`, {
      sqlState: '0A000',
    });
  const whole = (shape[1] ?? '').replaceAll('G', ',');
  const fraction = shape[2] ?? '';
  const digits = whole.replaceAll(',', '');
  const groups = whole.split(',');
  const firstZero = whole.indexOf('0');
  // Leading zeros become blanks up to the first 0 of the format; without decimals the last digit always stays.
  const blanks = firstZero >= 0 ? firstZero : Math.max(0, whole.length - (fraction === '' ? 1 : 0));
  const options = [
    `cast(cast(abs(${value}) as decimal(38, ${fraction.length})) as varchar)`,
    `(${value}) < 0`,
    digits.length,
    quoteText(groups.map((group) => `(\\d{${group.length}})`).join('')),
    quoteText(groups.map((_, index) => `\\${index + 1}`).join(',')),
    blanks,
    quoteText(fraction !== '' || /[.D]$/u.test(body) ? '.' : ''),
    quoteText(`${signAtEnd ? '>' : '<'}${sign ?? ''}`),
    quoteText(currency),
  ];
  const text = `rs_system.number_to_char(${options.join(', ')})`;
  if (isFilled) return text;
  // FM: no blanks, and no zeros at the end of the decimals.
  return fraction.includes('9') ? `regexp_replace(trim(${text}), '(\\.\\d*?)0+$', '\\1')` : `trim(${text})`;
}
