import { RedshiftError } from '../redshift-error.ts';
import { quoteString } from './duck-text.ts';

/**
 * `TO_CHAR(number, format)` as DuckDB SQL.
 *
 * Digits (9, 0), point (. D), groups (, G), sign (S, MI, PL, PR), currency ($, L) and FM are done.
 *
 * @throws RedshiftError for any other element.
 */
export function numberToChar(value: string, format: string): string {
  const fill = !/^fm/iu.test(format);
  let body = format.replace(/^fm/iu, '').toUpperCase();
  const sign = /^S|S$|MI$|^MI|PR$|PL$|^PL/u.exec(body)?.[0];
  if (sign !== undefined) body = body.replace(sign, '');
  const signAtEnd = sign !== undefined && format.toUpperCase().endsWith(sign);
  const currency = /^[$L]/u.test(body) ? '$' : '';
  body = body.replace(/^[$L]/u, '');
  const shape = /^([09,G]*)(?:[.D]([09]*))?$/u.exec(body);
  if (!shape) throw new RedshiftError(`TO_CHAR with the number format "${format}" is not supported`, { sqlState: '0A000' });
  const whole = (shape[1] ?? '').replaceAll('G', ',');
  const decimals = shape[2]?.length ?? 0;
  const point = /[.D]/u.test(body);
  const options = [
    quoteString(whole),
    decimals,
    point ? "'.'" : "''",
    fill,
    quoteString(`${sign ?? ''}${signAtEnd ? '>' : ''}`),
    quoteString(currency),
  ];
  return `rs_system.number_to_char(${value}, ${options.join(', ')})`;
}
