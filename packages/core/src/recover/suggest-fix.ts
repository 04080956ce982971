import type { CopyError } from '../ports/warehouse.ts';

type Refused = Pick<CopyError, 'code' | 'column'> & Partial<Pick<CopyError, 'reason' | 'rawValue'>>;

/**
 * What usually mends a row that COPY refused, by Redshift's load error code (AWS docs, load error reference).
 * `undefined` where the code alone says nothing useful.
 */
export function suggestFix(refused: Refused): string | undefined {
  const { code, column, reason = '' } = refused;
  const where = column === null || column.trim() === '' ? 'the column' : `column ${column.trim()}`;
  switch (code) {
    case 1200:
      return /compress/iu.test(reason)
        ? 'write the file anew, or correct how the configuration says it is packed'
        : undefined;
    case 1201:
      return 'check that the delimiter and the quoting of the file are those of the configuration';
    case 1214:
      return 'the line has too few fields, or another delimiter than the configuration says: correct it, list `columns`, or add FILLRECORD';
    case 1216:
      return 'check that quotes and delimiters of the line are closed and escaped as the configuration says';
    case 1202:
      return 'the line has more fields than the target has columns: add the missing column by a migration, list `columns`, or correct the line';
    case 1203:
      return 'the line has fewer fields than the target has columns: list `columns`, add FILLRECORD, or correct the line';
    case 1204:
      return `widen ${where} (VARCHAR lengths are bytes), correct the value, or add TRUNCATECOLUMNS`;
    case 1205:
      return `correct the date, or name its form with DATEFORMAT${orNull(refused)}`;
    case 1206:
      return `correct the timestamp, or name its form with TIMEFORMAT${orNull(refused)}`;
    case 1207:
    case 1208:
    case 1209:
    case 1222:
      return `correct the number, or change the type of ${where}${orNull(refused)}`;
    case 1210:
      return `correct the boolean, or change the type of ${where}${orNull(refused)}`;
    case 1211:
      return 'remove the empty line, or add IGNOREBLANKLINES';
    case 1212:
      return 'put the object back and redrive it';
    case 1213:
      return `fill ${where}, or load into a table in which it may be NULL`;
    case 1215:
      return `make ${where} a VARCHAR, or correct the value`;
    case 1217:
      return `leave ${where} out of the file, for the warehouse counts it itself, or add EXPLICIT_IDS`;
    case 1218:
      return 'name a NULL AS that the file does not hold otherwise';
    case 1219:
    case 1220:
      if (/Multibyte character not supported for CHAR/iu.test(reason)) {
        return `make ${where} a VARCHAR: a CHAR holds ASCII alone`;
      }
      return `encode the file in UTF-8, or add ACCEPTINVCHARS`;
    case 1221:
      return 'name the encoding of the file with ENCODING, or encode it in UTF-8';
    case 1223:
      return `change the type of ${where}: COPY cannot fill it from this format`;
    case 1224:
      return 'correct the JSON';
    case 8001:
      return 'name whole objects in the manifest: s3://bucket/key';
    default:
      return undefined;
  }
}

/** Words that writers put where there is no value. */
const NO_VALUE = /^(?:null|none|nil|nan|n\/?a|-+|\\N)$/iu;

function orNull({ rawValue }: Refused): string {
  const value = rawValue?.trim() ?? '';
  return NO_VALUE.test(value) ? `, or add NULL AS '${value}' if it stands for no value` : '';
}
