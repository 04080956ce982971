/** A column of a table, as the warehouse's catalog tells it. */
export interface TableColumn {
  readonly name: string;
  /** As DDL would say it: `character varying(3)`, `numeric(8,2)`, `timestamp without time zone`. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly isIdentity: boolean;
}
