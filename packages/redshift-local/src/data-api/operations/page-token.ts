import { invalid } from '../api-error.ts';

/** Where the next page begins, in a text that a caller has to hand back as it is. `of` binds it to its list. */
export function writePageToken(of: string, offset: number): string {
  return Buffer.from(JSON.stringify([of, offset])).toString('base64url');
}

/** @throws ApiError `ValidationException` when the token is not one, or belongs to another list. */
export function readPageToken(of: string, token: string | undefined): number | undefined {
  if (token === undefined || token === '') return undefined;
  const [list, offset] = parse(token);
  if (list !== of || typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) {
    throw invalid('NextToken is invalid: send it as it came, with the request that it came from.');
  }
  return offset;
}

function parse(token: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
