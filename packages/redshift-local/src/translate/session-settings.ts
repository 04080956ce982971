/**
 * What every DuckDB connection of a session must be set to for translated SQL to mean what it does in Redshift:
 * 7/2 is 3, NULL is the greatest value in ORDER BY, and times are UTC.
 */
export const SESSION_SETTINGS: readonly string[] = [
  'SET integer_division = true',
  "SET default_null_order = 'nulls_last_on_asc_first_on_desc'",
  "SET TimeZone = 'UTC'",
];
