/** A key from a listing with `EncodingType: url`: form-encoded, as keys in notifications are. */
export function decodeListedKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
