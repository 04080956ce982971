/** The types of columns that Millrace adds, in no vendor's words: a dialect names them. */
export type ColumnType =
  | {
      readonly kind:
        | 'smallint'
        | 'integer'
        | 'bigint'
        | 'real'
        | 'double'
        | 'boolean'
        | 'date'
        | 'timestamp'
        | 'timestamptz';
    }
  /** Any JSON value: SUPER. */
  | { readonly kind: 'json' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** Bytes of UTF-8. */
  | { readonly kind: 'text'; readonly bytes: number };

/** Redshift's longest VARCHAR, in bytes (AWS docs). */
export const MAX_TEXT_BYTES = 65_535;

/** Bytes that a column of text takes, by its type as the catalog says it; undefined: it is no text, or has no limit. */
export function widthOf(type: string): number | undefined {
  const [, length] = /^character varying\((\d+)\)$/u.exec(type) ?? [];
  return length === undefined ? undefined : Number(length);
}
