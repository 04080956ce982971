/** A measurement of work that was not done is worth nothing. */
export function expectRows(rows: number, expected: number): void {
  if (rows !== expected) throw new Error(`the table has ${rows} rows, not ${expected}`);
}
