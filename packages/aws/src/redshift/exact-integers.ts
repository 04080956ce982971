/** Where in a command's middleware this stands: between the connection and the parser. */
export const BEFORE_PARSING = { step: 'deserialize', priority: 'low', name: 'exactIntegers' } as const;

/**
 * Of 16 digits or more: what a JSON number may not keep. In a text the quotes around the word would be escaped, so this
 * finds members of the reply alone.
 */
const BIG_INTEGER = /"longValue"\s*:\s*(-?\d{16,})/gu;

/**
 * Hands big integers of a reply on as text. The SDK parses a reply as JSON, where the last digits of a BIGINT beyond
 * 2^53 are rounded without a word.
 */
export const keepExactIntegers =
  <Args, Result extends { readonly response: unknown }>(next: (args: Args) => Promise<Result>) =>
  async (args: Args): Promise<Result> => {
    const result = await next(args);
    const { response } = result;
    if (hasBody(response) && isStream(response.body)) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const text = body.toString('utf8');
      const exact = text.replaceAll(BIG_INTEGER, '"stringValue":"$1"');
      response.body = exact === text ? body : Buffer.from(exact);
    }
    return result;
  };

/** The value that a big integer was; a number where that is exact. */
export function toInteger(digits: string): number | bigint {
  const exact = BigInt(digits);
  const rounded = Number(exact);
  return Number.isSafeInteger(rounded) ? rounded : exact;
}

function hasBody(response: unknown): response is { body: unknown } {
  return typeof response === 'object' && response !== null && 'body' in response;
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}
