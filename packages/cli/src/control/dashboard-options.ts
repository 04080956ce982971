import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { LoadError, type Operations } from '@millrace/core';
import type { OperationsOptions } from '@millrace/server';

/** The operator's token for programs is a secret like any other: nothing that somebody could guess. */
const MIN_TOKEN_CHARACTERS = 16;

/**
 * What the dashboard of this process is served with.
 *
 * @param options `token`: of the control file; whoever can read it may steer. The environment can give one more, which stays
 * the same from start to start.
 * @throws LoadError `wrong-usage` for a token that is too short
 */
export async function dashboardOptions({
  operations,
  startingNote,
  token,
  names,
  env,
}: {
  operations: () => Operations | undefined;
  startingNote: () => string | undefined;
  token: string;
  names: readonly string[];
  env: NodeJS.ProcessEnv;
}): Promise<OperationsOptions> {
  const { readyPage } = await import('@millrace/dashboard');
  const given = env.MILLRACE_OPERATOR_TOKEN;
  if (given !== undefined && given.length < MIN_TOKEN_CHARACTERS) {
    throw new LoadError('wrong-usage', `MILLRACE_OPERATOR_TOKEN has ${given.length} characters`, {
      hint: `use ${MIN_TOKEN_CHARACTERS} or more, by chance: openssl rand -hex 24`,
    });
  }
  return {
    operations,
    startingNote,
    // Not waited for: events are taken while it is being built.
    page: readyPage(),
    operatorTokens: given === undefined ? [token] : [token, given],
    operatorName: userInfo().username,
    names,
    version: readVersion(),
  };
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
