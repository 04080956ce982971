import type { CopyPaths } from '@millrace/core';
import { type JsonPath, parseJsonPath } from './json-path.ts';
import { type JsonSpan, JsonSyntaxError, scanJson, skipSpace, stringOf } from './json-scanner.ts';
import { LOAD_ERROR, problem } from './row-problem.ts';
import { MAX_ROW_BYTES, type RecordReader, type TextRecord } from './text-record.ts';

/** How the fields of an object are found. */
export type JsonShape =
  /** By name; `columns` in the order of the fields. */
  | { readonly kind: 'names'; readonly columns: readonly string[]; readonly ignoresCase: boolean }
  | { readonly kind: 'paths'; readonly paths: readonly JsonPath[] }
  | { readonly kind: 'whole' };

/** The shape for COPY's JSON argument; a jsonpaths file has been read by the caller. */
export function toJsonShape(
  paths: CopyPaths,
  columns: readonly string[],
  expressions: readonly string[],
): JsonShape {
  if (paths.kind === 'noshred') return { kind: 'whole' };
  if (paths.kind === 'file') return { kind: 'paths', paths: expressions.map(parseJsonPath) };
  return { kind: 'names', columns, ignoresCase: paths.kind === 'auto-ignorecase' };
}

/**
 * JSON objects, one behind the other: on lines of their own, glued together, or spread over many lines. With paths
 * a record may be an array. What is not JSON costs the rest of its line; reading goes on behind it.
 */
export class JsonRecords implements RecordReader {
  readonly #shape: JsonShape;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #width: number;
  readonly #superFields: ReadonlySet<number>;
  #rest = '';
  #line = 1;

  /** @param superFields fields that keep their value as JSON: for SUPER columns `"s"` and `s` are not the same. */
  constructor(shape: JsonShape, superFields: ReadonlySet<number>) {
    this.#shape = shape;
    this.#superFields = superFields;
    const names = shape.kind === 'names' ? shape.columns : [];
    this.#slots = new Map(names.map((name, index) => [name, index]));
    this.#width = names.length;
  }

  *read(block: string, isLast: boolean): Iterable<TextRecord> {
    const text = this.#rest + block;
    let at = this.#skip(text, 0);
    while (at < text.length) {
      const found = this.#readValue(text, at, isLast);
      if (!found) break;
      yield found.record;
      at = this.#skip(text, found.next);
    }
    this.#rest = text.slice(at);
    if (this.#rest.length > MAX_ROW_BYTES) {
      yield this.#broken(
        this.#rest,
        'Invalid JSON structure. An object is never closed, or is longer than 4 MB',
      );
      const end = this.#rest.indexOf('\n');
      this.#line += 1;
      this.#rest = end < 0 ? '' : this.#rest.slice(end + 1);
    }
  }

  #readValue(text: string, start: number, isLast: boolean): { record: TextRecord; next: number } | undefined {
    const fields: (string | null)[] = new Array(this.#width).fill(null);
    const spans: JsonSpan[] = [];
    try {
      const isArray = text[start] === '[';
      if (text[start] !== '{' && !(isArray && this.#shape.kind === 'paths')) {
        const reason = isArray
          ? 'Invalid JSON structure. The root is an array; COPY takes objects behind one another'
          : 'Invalid JSON structure. Expected the beginning of an object';
        return this.#fail(text, start, reason);
      }
      const span = scanJson(text, start, (key, value) => {
        const slot = this.#slotOf(key);
        if (slot === undefined || spans[slot]) return;
        spans[slot] = value;
        fields[slot] = this.#valueOf(text, value, slot);
      });
      const raw = text.slice(start, span.end);
      this.#countLines(raw);
      const values = this.#shape.kind === 'names' ? fields : this.#shaped(raw, this.#shape);
      return { record: { line: this.#line, raw, fields: values }, next: span.end };
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      if (error.isCutOff && !isLast) return undefined;
      return this.#fail(text, start, error.message);
    }
  }

  /** Duplicate names: the first one counts. */
  #slotOf(key: string | number): number | undefined {
    if (this.#shape.kind !== 'names') return undefined;
    return this.#slots.get(this.#shape.ignoresCase ? String(key).toLowerCase() : String(key));
  }

  #shaped(raw: string, shape: Exclude<JsonShape, { kind: 'names' }>): (string | null)[] {
    if (shape.kind === 'whole') return [raw];
    return shape.paths.map((path, index) => {
      const span = path.find(raw);
      return span ? this.#valueOf(raw, span, index) : null;
    });
  }

  #valueOf(text: string, span: JsonSpan, field: number): string | null {
    const isKept = span.kind === 'string' && this.#superFields.has(field);
    return isKept ? text.slice(span.start, span.end) : valueText(text, span);
  }

  #fail(text: string, start: number, reason: string): { record: TextRecord; next: number } {
    const lineEnd = text.indexOf('\n', start);
    const next = lineEnd < 0 ? text.length : lineEnd;
    return { record: this.#broken(text.slice(start, next), reason), next };
  }

  #broken(raw: string, reason: string): TextRecord {
    return { line: this.#line, raw, fields: [], problem: problem(LOAD_ERROR.line, reason) };
  }

  #skip(text: string, from: number): number {
    const at = skipSpace(text, from);
    if (at > from) this.#countLines(text.slice(from, at));
    return at;
  }

  #countLines(text: string): void {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#line += 1;
  }
}

/** A value as a column takes it: texts unescaped, nested values as JSON without white space, null as null. */
function valueText(text: string, span: JsonSpan): string | null {
  if (span.kind === 'null') return null;
  if (span.kind === 'string') return stringOf(text, span.start, span.end);
  const raw = text.slice(span.start, span.end);
  if (span.kind === 'object' || span.kind === 'array') return withoutSpace(raw);
  return raw === '-0' ? '0' : raw;
}

/** White space between tokens removed; numbers stay as they were written. */
function withoutSpace(json: string): string {
  if (!/\s/u.test(json)) return json;
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/gsu, (_all, literal: string | undefined) => literal ?? '');
}
