import { LoadError } from '@millrace/core';

/** Where a webhook tells something: in a header, or in its body by a path such as `$.data.object.id`. */
export type WebhookPlace = { readonly header: string } | { readonly field: string };

/** How a sender signs what it sends. */
export interface SignatureScheme {
  /** The header with the signature, or with several things when `fields` says how they are named. */
  readonly header: string;
  /** @default sha256 */
  readonly algorithm?: 'sha1' | 'sha256' | 'sha512';
  /** @default hex */
  readonly encoding?: 'hex' | 'base64';
  /** What stands before the signature: `sha256=`. */
  readonly prefix?: string;
  /** For a header of the form `t=…,v1=…`: the names of the timestamp's and the signature's parts. */
  readonly fields?: { readonly timestamp: string; readonly signature: string };
  /** The header with the time of sending, in Unix seconds, where it has one of its own. */
  readonly timestampHeader?: string;
  /**
   * What is signed. `{body}` and `{timestamp}` stand for themselves.
   *
   * @default `{body}`
   */
  readonly signed?: string;
  /**
   * How old, or how far ahead, a timestamp may be. Only for schemes that sign one.
   *
   * @default 300
   */
  readonly toleranceSeconds?: number;
}

/** A sender of webhooks: `POST /v1/webhooks/<name>`. */
export interface WebhookSource {
  /** Several while a secret is being replaced: each is accepted. */
  readonly secrets: readonly string[];
  readonly signature: SignatureScheme;
  /** The type of its events: a text, or where it is told. What is told is put behind `typePrefix`. */
  readonly type: string | WebhookPlace;
  /** @default '' */
  readonly typePrefix?: string;
  /**
   * What makes an event the same when it is sent again.
   *
   * @default a hash of type and body, which a sender cannot be made to change: headers are signed by hardly anybody
   */
  readonly id?: WebhookPlace;
  /** When it happened: ISO 8601 or Unix seconds. @default when it came, also where this has none */
  readonly time?: WebhookPlace;
}

/** @throws LoadError `webhook-config` for a source that could not keep anybody out */
export function checkWebhookSource(name: string, { secrets, signature }: WebhookSource): void {
  const fail = (what: string, hint: string): never => {
    throw new LoadError('webhook-config', `webhook '${name}': ${what}`, { class: 'config', hint });
  };
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/u.test(name)) {
    fail(
      'its name is part of a URL',
      'write lower-case letters, digits, dots, dashes; 63 characters at most',
    );
  }
  if (secrets.length === 0) fail('it has no secret', 'give the secret that its sender signs with');
  if (secrets.some((secret) => secret === ''))
    fail('a secret is empty', 'is the variable set that it comes from?');
  const { signed = '{body}', fields, timestampHeader } = signature;
  if (!signed.includes('{body}'))
    fail(`what is signed ('${signed}') is not the body`, "write '{body}' into it");
  const hasTimestamp = fields !== undefined || timestampHeader !== undefined;
  if (signed.includes('{timestamp}') !== hasTimestamp) {
    fail(
      hasTimestamp
        ? 'a timestamp is named that is not signed'
        : "'{timestamp}' is signed, and no header is named for it",
      "a timestamp needs both: '{timestamp}' in `signed`, and `fields` or `timestampHeader`",
    );
  }
}
