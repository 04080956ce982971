import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { LoadError } from '@millrace/core';

/** Who may send events, and how they show it. */
export interface ApiKey {
  /** Names the sender in metrics and limits. Not secret. */
  readonly name: string;
  /** What the sender sends; at least 16 characters. */
  readonly key: string;
}

const MIN_KEY_CHARACTERS = 16;

/** The keys of a server, which keeps only their hashes. */
export class ApiKeys {
  readonly #known: readonly { readonly name: string; readonly digest: Buffer }[];

  /** @throws LoadError `api-key-weak`, `api-key-twice` */
  constructor(keys: readonly ApiKey[]) {
    const names = new Set<string>();
    for (const { name, key } of keys) {
      if (key.length < MIN_KEY_CHARACTERS) {
        throw new LoadError('api-key-weak', `API key '${name}' has ${key.length} characters`, {
          class: 'config',
          hint: `use ${MIN_KEY_CHARACTERS} or more, by chance: openssl rand -hex 24`,
        });
      }
      if (names.has(name)) {
        throw new LoadError('api-key-twice', `two API keys are named '${name}'`, {
          class: 'config',
          hint: 'give each a name of its own: limits and metrics go by it',
        });
      }
      names.add(name);
    }
    this.#known = keys.map(({ name, key }) => ({ name, digest: digestOf(key) }));
  }

  /** Without keys everybody may send: such a server answers on this machine only. */
  get isOpen(): boolean {
    return this.#known.length === 0;
  }

  /**
   * The name of the key that a request carries, as `Authorization: Bearer …` or `x-api-key`. Takes as long for a nearly
   * right key as for any other.
   */
  nameOf({ authorization, 'x-api-key': plain }: IncomingHttpHeaders): string | undefined {
    const key = typeof plain === 'string' ? plain : /^Bearer +(\S+) *$/iu.exec(authorization ?? '')?.[1];
    if (key === undefined) return undefined;
    const digest = digestOf(key);
    let name: string | undefined;
    for (const known of this.#known) if (timingSafeEqual(known.digest, digest)) name = known.name;
    return name;
  }
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
