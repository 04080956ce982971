import type { Format } from './format-schema.ts';

/** COPY options that say the same as a format of the configuration, without its compression. */
export function formatOptions(format: Format): string {
  switch (format.kind) {
    case 'csv':
      return join([
        'CSV',
        format.quote === undefined ? null : `QUOTE ${quoted(format.quote)}`,
        format.delimiter === undefined ? null : `DELIMITER ${quoted(format.delimiter)}`,
        headerOption(format.header),
      ]);
    case 'delimited':
      return join([
        `DELIMITER ${quoted(format.delimiter)}`,
        format.escape ? 'ESCAPE' : null,
        format.removeQuotes ? 'REMOVEQUOTES' : null,
        headerOption(format.header),
      ]);
    case 'fixedwidth': {
      const fields = Object.entries(format.widths).map(([name, width]) => `${name}:${width}`);
      return join([`FIXEDWIDTH ${quoted(fields.join(','))}`, headerOption(format.header)]);
    }
    case 'json':
      return `JSON ${quoted(format.jsonpaths ?? (format.ignoreCase ? 'auto ignorecase' : 'auto'))}`;
    case 'parquet':
      return 'PARQUET';
  }
}

function headerOption(header: boolean | number): string | null {
  const lines = Number(header);
  return lines === 0 ? null : `IGNOREHEADER ${lines}`;
}

/** A SQL string literal; Redshift reads backslashes in it as escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function join(options: readonly (string | null)[]): string {
  return options.filter((option) => option !== null).join(' ');
}
