/** Codes of STL_LOAD_ERRORS that this COPY gives. */
export const LOAD_ERROR = {
  unknown: 1200,
  extraColumns: 1202,
  tooLong: 1204,
  date: 1205,
  timestamp: 1206,
  digit: 1207,
  float: 1208,
  decimal: 1209,
  boolean: 1210,
  noData: 1211,
  notNull: 1213,
  delimiter: 1214,
  line: 1216,
  utf8: 1220,
  overflow: 1222,
  json: 1224,
} as const;

/** Why a value or a line cannot be loaded. */
export interface RowProblem {
  readonly code: number;
  readonly reason: string;
}

export function problem(code: number, reason: string): RowProblem {
  return { code, reason };
}
