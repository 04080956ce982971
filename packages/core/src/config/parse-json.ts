import { ConfigError } from './config-error.ts';

/**
 * Parses the text of a document. `parse` is `JSON.parse`, or something more tolerant that throws as it does.
 *
 * @throws ConfigError instead of a SyntaxError, with its position.
 */
export function parseJson(
  text: string,
  { source, parse }: { source: string; parse: (text: string) => unknown },
): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const hint = 'mend the JSON: names and texts in double quotes, commas between entries';
    throw new ConfigError(source, [{ path: [], message: `is not JSON: ${cause.message}`, hint }], { cause });
  }
}
