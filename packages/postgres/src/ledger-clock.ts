/** The clock of the ledger, in UTC, as Redshift's GETDATE(). */
export const NOW = "statement_timestamp() AT TIME ZONE 'UTC'";
