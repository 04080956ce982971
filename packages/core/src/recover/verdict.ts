import type { Evidence, LoadFile } from '../file/load-file.ts';
import type { EpochMs } from '../ports/time.ts';
import type { CopyError } from '../ports/warehouse.ts';
import type { LoadError } from './load-error.ts';
import { suggestFix } from './suggest-fix.ts';

/** What a data error means for the files of its job. */
export type DataVerdict =
  /** These are bad, with evidence each; the others are not to blame. */
  | { readonly kind: 'named'; readonly bad: readonly { file: LoadFile; evidence: Evidence }[] }
  /** The warehouse named none: one of that many is bad, and half of them is tried next, until one fails alone. */
  | { readonly kind: 'suspect'; readonly suspects: number };

/** STL_LOAD_ERRORS and SYS_LOAD_ERROR_DETAIL keep 256 bytes of a file's name (AWS docs): longer ones are prefixes. */
const NAME_BYTES = 256;

/**
 * Who is to blame for a data error. A file is put aside only when the warehouse named it, or when it failed alone.
 *
 * @param loadUrlOf where COPY read the file: its own place or its pin, which is what the warehouse names.
 */
export function judgeDataError(
  error: LoadError,
  {
    files,
    loadUrlOf,
    copyErrors,
    jobId,
    at,
  }: {
    files: readonly LoadFile[];
    loadUrlOf: (file: LoadFile) => string;
    copyErrors: readonly CopyError[];
    jobId: string;
    at: EpochMs;
  },
): DataVerdict {
  const bad = files.flatMap((file) => {
    const found = copyErrors.find((one) => namesFile(one.fileUrl, loadUrlOf(file)));
    return found === undefined ? [] : [{ file, evidence: { ...toEvidence(found, at), jobId } }];
  });
  if (bad.length > 0) return { kind: 'named', bad };
  const only = files.length === 1 ? files[0] : namedInMessage(error, files, loadUrlOf);
  if (only !== undefined) {
    return { kind: 'named', bad: [{ file: only, evidence: { ...errorEvidence(error, at), jobId } }] };
  }
  return { kind: 'suspect', suspects: files.length };
}

/** Some failures (a stream that is cut off) name the file in the message and nowhere else. Of nested names the longest is meant. */
function namedInMessage(
  { message }: LoadError,
  files: readonly LoadFile[],
  loadUrlOf: (file: LoadFile) => string,
): LoadFile | undefined {
  // Without its scheme: columnar files are named as https://s3.<region>.amazonaws.com/bucket/key.
  const named = files.filter((file) => message.includes(loadUrlOf(file).slice('s3:/'.length)));
  return named.toSorted((a, b) => loadUrlOf(b).length - loadUrlOf(a).length)[0];
}

function namesFile(named: string, url: string): boolean {
  const name = named.trimEnd();
  if (name === url) return true;
  return Buffer.byteLength(name) >= NAME_BYTES - 3 && url.startsWith(name);
}

function toEvidence(error: CopyError, at: EpochMs): Evidence {
  const hint = suggestFix(error);
  return {
    code: String(error.code),
    reason: error.reason.trimEnd(),
    ...(error.line === null ? {} : { line: error.line }),
    ...(error.column === null ? {} : { column: error.column.trimEnd() }),
    ...(error.rawValue === null ? {} : { rawValue: error.rawValue.trimEnd() }),
    ...(hint === undefined ? {} : { hint }),
    at,
  };
}

/** A failure that names no place in a file. */
export function errorEvidence(error: LoadError, at: EpochMs): Evidence {
  return {
    code: error.code,
    reason: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    at,
  };
}
