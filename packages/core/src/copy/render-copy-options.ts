import type { CopyCredentials, CopyFormat, CopyOptions, CopyPaths } from './copy-options.ts';

/**
 * The options as canonical text: the same options have the same text, whatever way they were written. What is at
 * Redshift's default is left out. `parseCopyOptions` reads it back to the same options.
 */
export function renderCopyOptions(options: CopyOptions): string {
  const parts: string[] = [];
  const add = (condition: boolean, text: string): void => {
    if (condition) parts.push(text);
  };
  if (options.credentials) parts.push(renderCredentials(options.credentials));
  add(options.manifest, 'MANIFEST');
  add(options.encrypted, 'ENCRYPTED');
  if (options.region !== undefined) parts.push(`REGION ${literal(options.region)}`);
  parts.push(...renderFormat(options.format));
  if (options.compression) parts.push(options.compression.toUpperCase());
  add(options.acceptAnyDate, 'ACCEPTANYDATE');
  if (options.acceptInvalidChars !== undefined)
    parts.push(`ACCEPTINVCHARS ${literal(options.acceptInvalidChars)}`);
  add(options.blanksAsNull, 'BLANKSASNULL');
  if (options.dateFormat !== undefined) parts.push(`DATEFORMAT ${literal(options.dateFormat)}`);
  add(options.emptyAsNull, 'EMPTYASNULL');
  add(options.encoding !== 'utf8', `ENCODING ${options.encoding.toUpperCase()}`);
  add(options.explicitIds, 'EXPLICIT_IDS');
  add(options.fillRecord, 'FILLRECORD');
  add(options.ignoreBlankLines, 'IGNOREBLANKLINES');
  add(options.ignoreHeader > 0, `IGNOREHEADER ${options.ignoreHeader}`);
  if (options.nullAs !== undefined) parts.push(`NULL AS ${literal(options.nullAs)}`);
  add(options.roundDecimals, 'ROUNDEC');
  if (options.timeFormat !== undefined) parts.push(`TIMEFORMAT ${literal(options.timeFormat)}`);
  add(options.trimBlanks, 'TRIMBLANKS');
  add(options.truncateColumns, 'TRUNCATECOLUMNS');
  if (options.compRows !== undefined) parts.push(`COMPROWS ${options.compRows}`);
  if (options.compUpdate) parts.push(`COMPUPDATE ${options.compUpdate.toUpperCase()}`);
  if (options.statUpdate) parts.push(`STATUPDATE ${options.statUpdate.toUpperCase()}`);
  add(options.ignoreAllErrors, 'IGNOREALLERRORS');
  if (options.maxError !== undefined) parts.push(`MAXERROR ${options.maxError}`);
  add(options.noLoad, 'NOLOAD');
  add(options.ssh, 'SSH');
  if (options.readRatio !== undefined) parts.push(`READRATIO ${options.readRatio}`);
  if (options.job !== undefined) parts.push(`JOB CREATE ${options.job}`);
  return parts.join(' ');
}

function renderCredentials(credentials: CopyCredentials): string {
  if (credentials.kind === 'role') {
    return credentials.role === 'default' ? 'IAM_ROLE default' : `IAM_ROLE ${literal(credentials.role)}`;
  }
  const { accessKeyId, secretAccessKey, token } = credentials;
  const keys = `ACCESS_KEY_ID ${literal(accessKeyId)} SECRET_ACCESS_KEY ${literal(secretAccessKey)}`;
  return token === undefined ? keys : `${keys} SESSION_TOKEN ${literal(token)}`;
}

function renderFormat(format: CopyFormat): string[] {
  switch (format.kind) {
    case 'delimited':
      return [
        ...(format.delimiter === '|' ? [] : [`DELIMITER ${literal(format.delimiter)}`]),
        ...(format.escape ? ['ESCAPE'] : []),
        ...(format.removeQuotes ? ['REMOVEQUOTES'] : []),
      ];
    case 'csv':
      return [
        'FORMAT CSV',
        ...(format.quote === '"' ? [] : [`QUOTE ${literal(format.quote)}`]),
        ...(format.delimiter === ',' ? [] : [`DELIMITER ${literal(format.delimiter)}`]),
      ];
    case 'fixed-width':
      return [
        `FIXEDWIDTH ${literal(format.columns.map(({ label, width }) => `${label}:${width}`).join(','))}`,
      ];
    case 'json':
      return [`FORMAT JSON ${literal(renderPaths(format.paths))}`];
    case 'avro':
      return [`FORMAT AVRO ${literal(renderPaths(format.paths))}`];
    case 'parquet':
      return [format.serializesToJson ? 'FORMAT PARQUET SERIALIZETOJSON' : 'FORMAT PARQUET'];
    case 'orc':
      return [format.serializesToJson ? 'FORMAT ORC SERIALIZETOJSON' : 'FORMAT ORC'];
    case 'shapefile':
      return [
        ['FORMAT SHAPEFILE', ...(format.simplify === undefined ? [] : ['SIMPLIFY', format.simplify])]
          .join(' ')
          .trim(),
      ];
  }
}

function renderPaths(paths: CopyPaths): string {
  if (paths.kind === 'file') return paths.url;
  return paths.kind === 'auto-ignorecase' ? 'auto ignorecase' : paths.kind;
}

/** Control characters are written as octal escapes, so that the text stays one line. */
function literal(text: string): string {
  const escaped = text
    .replace(/\\/gu, '\\\\')
    .replace(/'/gu, "''")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    .replace(/[\u0000-\u001f\u007f]/gu, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return `'${escaped}'`;
}
