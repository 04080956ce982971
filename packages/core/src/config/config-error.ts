import { LoadError } from '../recover/load-error.ts';

/** One thing that is wrong with a configuration: where, what, and what to write instead. */
export interface ConfigProblem {
  /** Keys and list positions from the top of the document. */
  readonly path: readonly (string | number)[];
  /** What is wrong, the value included. */
  readonly message: string;
  readonly hint?: string;
}

/** Where a part of a document stands, and the list that its problems go to. */
export interface ProblemSite {
  readonly path: ConfigProblem['path'];
  readonly problems: ConfigProblem[];
}

/** Reads a text that may be wrong: a `LoadError` about it becomes a problem of the site, and undefined comes back. */
export function attempt<T>({ path, problems }: ProblemSite, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const { message, hint } = error;
    problems.push({ path, message, ...(hint === undefined ? {} : { hint }) });
    return undefined;
  }
}

/** A document that cannot be used, with every problem that was found in it. */
export class ConfigError extends LoadError {
  readonly problems: readonly ConfigProblem[];
  /** The file, or what else the document was read from. */
  readonly source: string;

  constructor(source: string, problems: readonly ConfigProblem[], options: { cause?: unknown } = {}) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${sentenceOf(problem)}`);
    super('config-invalid', [`${source} has ${count}:`, ...lines].join('\n'), {
      class: 'config',
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.source = source;
    this.problems = problems;
  }
}

/** `targets["public.flights"].key[0]: …; …`, as it stands in the list of a `ConfigError`. */
export function sentenceOf({ path, message, hint }: ConfigProblem): string {
  const where = path.length === 0 ? '' : `${formatPath(path)}: `;
  return `${where}${message}${hint === undefined ? '' : `; ${hint}`}`;
}

/** A path as one would write it in JavaScript. */
export function formatPath(path: readonly (string | number)[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (/^[A-Za-z_$][\w$]*$/u.test(part)) return index === 0 ? part : `.${part}`;
      return `[${JSON.stringify(part)}]`;
    })
    .join('');
}

/** A value as it is shown in a message: JSON, cut where it would fill the screen. */
export function formatValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
