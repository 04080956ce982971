/** What the reading of a field has to know of its column. */
export interface CopyColumn {
  readonly name: string;
  /** Texts tell an empty text from NULL; all others are NULL when their field is empty. */
  readonly isText: boolean;
  readonly isTimestamp: boolean;
  /** Characters that a text may have; null: any number. */
  readonly maxLength: number | null;
}

/** @param type as `format_type` says it: `character varying(20)`, `timestamp without time zone`. */
export function toCopyColumn(name: string, type: string): CopyColumn {
  const isText = /^(?:character|text|bpchar|name|"char"|citext)/u.test(type) && !type.endsWith('[]');
  const length = isText ? /\((\d+)\)$/u.exec(type)?.[1] : undefined;
  return {
    name,
    isText,
    isTimestamp: type.startsWith('timestamp') && !type.endsWith('[]'),
    maxLength: length === undefined ? null : Number(length),
  };
}
