import { checkLoaderOptions } from '../copy/check-loader-options.ts';
import type { CopyFormat, CopyOptions } from '../copy/copy-options.ts';
import { parseCopyOptions } from '../copy/parse-copy-options.ts';
import { renderCopyOptions } from '../copy/render-copy-options.ts';
import type { Compression, FileFormat } from '../load/target-definition.ts';
import { tokenize } from '../sql/tokenizer.ts';
import { attempt, type ProblemSite } from './config-error.ts';
import { formatOptions } from './format-options.ts';
import type { Format } from './format-schema.ts';
import type { CompiledCopy } from './millrace-config.ts';

/** Words that say which format files have. DELIMITER alone means delimited text, with CSV it is CSV's. */
const FORMAT_WORDS = new Set(['csv', 'fixedwidth', 'json', 'avro', 'parquet', 'orc', 'shapefile']);

/** The formats that Millrace loads, by COPY's word for them. */
const FORMATS: Readonly<Partial<Record<CopyFormat['kind'], FileFormat>>> = {
  csv: 'csv',
  delimited: 'delimited',
  'fixed-width': 'fixedwidth',
  json: 'json',
  parquet: 'parquet',
};

const ENDINGS: Readonly<Record<string, Compression>> = { gz: 'gzip', zst: 'zstd', bz2: 'bzip2' };

/**
 * Compiles the format and the free COPY options of a target, or of one of its sources, to canonical COPY options, one text per compression:
 * Redshift is told the compression by a keyword, which holds for all files of a COPY.
 *
 * @returns undefined when they cannot be; `problems` has the reasons then.
 */
export function compileCopy(
  { format, copy = '', allowRowLoss = false }: CopyFields,
  { path, problems, fallbackFormat }: ProblemSite & { readonly fallbackFormat?: Format },
): CompiledCopy | undefined {
  const site = { path: [...path, 'copy'], problems };
  const words = attempt(site, () =>
    tokenize(copy).flatMap(({ kind, text }) => (kind === 'word' ? [text] : [])),
  );
  if (!words) return undefined;
  const formatWord =
    words.find((word) => FORMAT_WORDS.has(word)) ?? words.find((word) => word === 'delimiter');
  const chosen = format ?? (formatWord === undefined ? fallbackFormat : undefined);
  if (format && formatWord !== undefined && FORMAT_WORDS.has(formatWord)) {
    const message = `says ${formatWord.toUpperCase()}, and 'format' says ${format.kind}`;
    problems.push({ path: site.path, message, hint: "say the format once: in 'format', or in 'copy'" });
    return undefined;
  }
  if (!chosen && formatWord === undefined) {
    const hint =
      'write what the files look like, such as {"kind": "csv", "header": true} or {"kind": "parquet"}';
    problems.push({ path: [...path, 'format'], message: 'is missing', hint });
    return undefined;
  }
  // The written text first: positions in its error messages are positions in `copy`.
  const text = chosen ? `${copy} ${formatOptions(chosen)}` : copy;
  const options = attempt(site, () => {
    const parsed = parseCopyOptions(text);
    checkLoaderOptions(parsed, { allowRowLoss });
    return parsed;
  });
  if (!options) return undefined;
  const kind = FORMATS[options.format.kind];
  if (kind === undefined) {
    const message = `says ${options.format.kind.toUpperCase()}, which Millrace does not load`;
    problems.push({
      path: site.path,
      message,
      hint: 'write CSV, delimited text, fixed width, JSON or Parquet',
    });
    return undefined;
  }
  const compression = readCompression(options, { chosen, site });
  if (compression === undefined) return undefined;
  return compiled(options, { kind, compression });
}

interface CopyFields {
  readonly format?: Format | undefined;
  readonly copy?: string | undefined;
  readonly allowRowLoss?: boolean | undefined;
}

function readCompression(
  { compression: said }: CopyOptions,
  { chosen, site }: { chosen: Format | undefined; site: ProblemSite },
): Compression | 'auto' | undefined {
  const configured = chosen && 'compression' in chosen ? chosen.compression : 'auto';
  if (said === undefined) return configured;
  if (said === 'lzop') {
    const message = 'says LZOP, which Millrace does not load';
    site.problems.push({ path: site.path, message, hint: 'pack the files with gzip, zstd or bzip2' });
    return undefined;
  }
  if (configured !== 'auto' && configured !== said) {
    const message = `says ${said.toUpperCase()}, and 'format.compression' says ${configured}`;
    site.problems.push({ path: site.path, message, hint: 'say the compression once' });
    return undefined;
  }
  return said;
}

function compiled(
  options: CopyOptions,
  { kind, compression }: { kind: FileFormat; compression: Compression | 'auto' },
): CompiledCopy {
  const { credentials, compression: _, ...rest } = options;
  // Both would run at every load of a few rows. Statistics are kept by Redshift itself, and by `statUpdate` on demand.
  const base: CopyOptions = { ...rest, compUpdate: 'off', statUpdate: options.statUpdate ?? 'off' };
  const text = (packing: Compression): string =>
    renderCopyOptions(packing === 'none' ? base : { ...base, compression: packing });
  const texts: Readonly<Record<Compression, string>> = {
    none: text('none'),
    gzip: text('gzip'),
    zstd: text('zstd'),
    bzip2: text('bzip2'),
  };
  // Parquet is packed inside, and COPY takes no keyword with it, whatever a key ends with.
  const isColumnar = kind === 'parquet';
  return {
    format: kind,
    iamRole: credentials?.kind === 'role' ? credentials.role : null,
    copyOptions: (packing) => texts[isColumnar ? 'none' : packing],
    compressionOf: (key) =>
      isColumnar ? 'none' : compression === 'auto' ? compressionOfKey(key) : compression,
  };
}

/** By the ending of the key: `.gz`, `.zst`, `.bz2`, in any case; anything else is not packed. */
export function compressionOfKey(key: string): Compression {
  const ending = /\.([^./]+)$/u.exec(key)?.[1]?.toLowerCase();
  return ENDINGS[ending ?? ''] ?? 'none';
}

const FORMAT_ENDINGS: Readonly<Record<string, FileFormat>> = {
  csv: 'csv',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  parquet: 'parquet',
  tsv: 'delimited',
  txt: 'delimited',
};

/** What a file looks like by the ending of its name, below that of its packing; null when the ending does not tell. */
export function formatOfName(name: string): FileFormat | null {
  const bare = compressionOfKey(name) === 'none' ? name : name.slice(0, name.lastIndexOf('.'));
  const ending = /\.([^./]+)$/u.exec(bare)?.[1]?.toLowerCase();
  return FORMAT_ENDINGS[ending ?? ''] ?? null;
}
