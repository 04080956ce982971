import { createHmac } from 'node:crypto';
import { LoadError, type LoadedHook, type SecretRef, type TableLoaded } from '@millrace/core';
import { type PostSubject, post } from './post.ts';

const SUBJECT: PostSubject = {
  code: 'hook',
  noun: 'word of a load',
  key: 'tableLoaded',
  again: 'it is sent again',
};

/** Somebody who is told of loads. */
export interface OpenedHook {
  /** The host of its address: what errors may name. */
  readonly host: string;
  wants(target: string): boolean;
  /**
   * Posts it until it was taken, at most for the time that configuration says.
   *
   * @throws LoadError `hook-undelivered` (`transient`), `hook-refused` (`config`)
   */
  send(load: TableLoaded, options: { readonly now: number }): Promise<void>;
}

/** The hooks of a configuration, with their secrets. One that has no address or no secret is told, and left out. */
export function openLoadedHooks(
  hooks: readonly LoadedHook[],
  {
    env,
    onError,
  }: {
    env: Readonly<Record<string, string | undefined>>;
    onError: (error: unknown) => void;
  },
): readonly OpenedHook[] {
  return hooks.flatMap((hook) => {
    try {
      return [openHook(hook, env)];
    } catch (error) {
      onError(error);
      return [];
    }
  });
}

function openHook(
  { url: place, token, signingKey, targets, timeoutMs }: LoadedHook,
  env: Readonly<Record<string, string | undefined>>,
): OpenedHook {
  const url = typeof place === 'string' ? place : readSecret(place, env);
  if (!URL.canParse(url)) {
    throw new LoadError('hook-address', 'the address of a hook is not a URL', {
      class: 'config',
      hint: "correct the environment variable that 'tableLoaded' names",
    });
  }
  const bearer = token === null ? undefined : readSecret(token, env);
  const key = signingKey === null ? undefined : readSecret(signingKey, env);
  return {
    host: new URL(url).host,
    wants: (target) => targets === null || targets.has(target),
    send: (load, { now }) => {
      const body = JSON.stringify({ version: 1, type: 'table.loaded', ...load });
      const seconds = Math.floor(now / 1_000);
      const headers: Record<string, string> = { 'x-millrace-delivery': load.job };
      if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
      if (key !== undefined) {
        const signature = createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex');
        headers['x-millrace-signature'] = `t=${seconds},v1=${signature}`;
      }
      return post({ url, headers, body }, { timeoutMs, subject: SUBJECT });
    },
  };
}

function readSecret({ env: name }: SecretRef, env: Readonly<Record<string, string | undefined>>): string {
  const value = env[name]?.trim();
  if (value !== undefined && value !== '') return value;
  throw new LoadError('hook-secret-missing', `the environment variable ${name} is not set`, {
    class: 'config',
    hint: "set it, or take the hook out of 'tableLoaded'",
  });
}
