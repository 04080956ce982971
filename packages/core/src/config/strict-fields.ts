import { z } from 'zod';

/**
 * An object that has these keys and no others.
 *
 * zod's issue for an unknown key does not tell the known ones, which the nearest is looked for among: they travel in
 * the message.
 */
export function strictFields<S extends z.core.$ZodLooseShape>(shape: S) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? Object.keys(shape).join(', ') : undefined),
  });
}

/** The known keys, from the message of an `unrecognized_keys` issue of `strictFields`. */
export function readKnownKeys(message: string): readonly string[] {
  return message.split(', ');
}
