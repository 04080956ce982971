/** How COPY proves to S3 who it is. `keys`: access keys in the statement, which end up in logs. */
export type CopyCredentials =
  | { readonly kind: 'role'; readonly role: string }
  | {
      readonly kind: 'keys';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly token?: string;
    };

/**
 * Where the values of a row are found in JSON (and Avro): by the names of the columns, by the paths of a jsonpaths
 * file, or the whole object in one SUPER column.
 */
export type CopyPaths =
  | { readonly kind: 'auto' }
  | { readonly kind: 'auto-ignorecase' }
  | { readonly kind: 'noshred' }
  | { readonly kind: 'file'; readonly url: string };

export interface FixedWidthColumn {
  readonly label: string;
  /** Characters. */
  readonly width: number;
}

export type CopyFormat =
  /** Without FORMAT: fields between delimiters, no quoting. */
  | {
      readonly kind: 'delimited';
      readonly delimiter: string;
      readonly escape: boolean;
      readonly removeQuotes: boolean;
    }
  | { readonly kind: 'csv'; readonly delimiter: string; readonly quote: string }
  | {
      readonly kind: 'fixed-width';
      readonly columns: readonly FixedWidthColumn[];
      readonly escape: false;
      readonly removeQuotes: false;
    }
  | { readonly kind: 'json'; readonly paths: CopyPaths }
  | { readonly kind: 'avro'; readonly paths: CopyPaths }
  | { readonly kind: 'parquet'; readonly serializesToJson: boolean }
  | { readonly kind: 'orc'; readonly serializesToJson: boolean }
  | { readonly kind: 'shapefile'; readonly simplify?: string };

export type CopyCompression = 'gzip' | 'zstd' | 'bzip2' | 'lzop';
export type CopyEncoding = 'utf8' | 'utf16' | 'utf16le' | 'utf16be' | 'iso88591';

/** Everything that may stand behind `COPY table FROM 'url'`, typed. What was not said is at Redshift's default. */
export interface CopyOptions {
  readonly credentials?: CopyCredentials;
  readonly manifest: boolean;
  readonly encrypted: boolean;
  readonly region?: string;
  readonly format: CopyFormat;
  readonly compression?: CopyCompression;
  readonly acceptAnyDate: boolean;
  /** The character that stands in for invalid ones; undefined: invalid characters are errors. */
  readonly acceptInvalidChars?: string;
  readonly blanksAsNull: boolean;
  /** A format string or `auto`; undefined: YYYY-MM-DD. */
  readonly dateFormat?: string;
  readonly emptyAsNull: boolean;
  readonly encoding: CopyEncoding;
  readonly explicitIds: boolean;
  readonly fillRecord: boolean;
  readonly ignoreBlankLines: boolean;
  /** Lines to skip at the beginning of every file. */
  readonly ignoreHeader: number;
  /** undefined: `\N`. */
  readonly nullAs?: string;
  readonly roundDecimals: boolean;
  /** A format string, `auto`, `epochsecs` or `epochmillisecs`; undefined: YYYY-MM-DD HH:MI:SS. */
  readonly timeFormat?: string;
  readonly trimBlanks: boolean;
  readonly truncateColumns: boolean;
  readonly compRows?: number;
  readonly compUpdate?: 'on' | 'off' | 'preset';
  readonly statUpdate?: 'on' | 'off';
  readonly ignoreAllErrors: boolean;
  /** Bad rows that are skipped before COPY fails; undefined: 0. 0 and 1 both fail at the first. */
  readonly maxError?: number;
  readonly noLoad: boolean;
  readonly ssh: boolean;
  readonly readRatio?: number;
  /** JOB CREATE name. */
  readonly job?: string;
}
