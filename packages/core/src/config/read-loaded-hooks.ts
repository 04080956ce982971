import type { LoadedHookFields } from './alert-schema.ts';
import type { ConfigProblem } from './config-error.ts';
import { readTimeout, type SecretRef } from './read-alerts.ts';

/** Who is told of tables that were loaded, as configuration says. */
export interface LoadedHook {
  readonly url: string | SecretRef;
  /** Null: nothing is sent to prove who sends. */
  readonly token: SecretRef | null;
  readonly signingKey: SecretRef | null;
  /** `schema.table` each; null: all. */
  readonly targets: ReadonlySet<string> | null;
  /** Of one delivery, its retries included. */
  readonly timeoutMs: number;
}

/** Checks that what is named is there. What is wrong goes to `problems`. */
export function readLoadedHooks(
  hooks: readonly LoadedHookFields[],
  { known, problems }: { known: ReadonlySet<string>; problems: ConfigProblem[] },
): readonly LoadedHook[] {
  return hooks.map((hook, nth): LoadedHook => {
    const path = ['tableLoaded', nth];
    const targets = hook.targets?.map((name) => fold(name));
    for (const [at, name] of (targets ?? []).entries()) {
      if (known.has(name)) continue;
      const hint = `name one of ${[...known].join(', ')}`;
      problems.push({ path: [...path, 'targets', at], message: `'${name}' is not a target`, hint });
    }
    return {
      url: hook.url,
      token: hook.token ?? null,
      signingKey: hook.signingKey ?? null,
      targets: targets === undefined ? null : new Set(targets),
      timeoutMs: readTimeout(hook.timeout, { path, problems }),
    };
  });
}

/** As the names of targets are read. */
function fold(name: string): string {
  const folded = name.toLowerCase();
  return folded.includes('.') ? folded : `public.${folded}`;
}
