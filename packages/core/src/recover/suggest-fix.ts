import type { CopyError } from '../ports/warehouse.ts';

/**
 * What usually mends a row that COPY refused, by Redshift's load error code (AWS docs, load error reference).
 * `undefined` where the code alone says nothing useful.
 */
export function suggestFix({ code, column }: Pick<CopyError, 'code' | 'column'>): string | undefined {
  const where = column === null || column.trim() === '' ? 'the column' : `column ${column.trim()}`;
  switch (code) {
    case 1201:
    case 1214:
      return 'check that the delimiter and the quoting of the file are those of the configuration';
    case 1216:
      return 'check that quotes and delimiters of the line are closed and escaped as the configuration says';
    case 1202:
    case 1203:
      return 'the line has another number of fields than the target has columns: correct it, or list `columns`';
    case 1204:
      return `widen ${where} (VARCHAR lengths are bytes), correct the value, or add TRUNCATECOLUMNS`;
    case 1205:
      return `correct the date, or name its form with DATEFORMAT`;
    case 1206:
      return `correct the timestamp, or name its form with TIMEFORMAT`;
    case 1207:
    case 1208:
    case 1209:
    case 1222:
      return `correct the number, or change the type of ${where}`;
    case 1210:
      return `correct the boolean, or change the type of ${where}`;
    case 1213:
      return `fill ${where}, or allow NULL in it`;
    case 1215:
    case 1220:
      return `encode the file in UTF-8, or add ACCEPTINVCHARS`;
    case 1224:
      return 'correct the JSON';
    default:
      return undefined;
  }
}
