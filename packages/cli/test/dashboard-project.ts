import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flightsProject } from './flights-project.ts';
import { type Running, startMillrace, until } from './run-millrace.ts';

export interface Served {
  readonly up: Running;
  readonly cwd: string;
  /** Without a slash at the end. */
  readonly base: string;
  /** What the link has behind `?token=`. */
  readonly token: string;
  /** What programs are admitted by. */
  readonly operatorToken: string;
}

export const OPERATOR_TOKEN = 'operator-token-of-a-test';

/** A project with the target `public.flights`, and `millrace up` with its dashboard, once it works. */
export async function serveDashboard(
  args: readonly string[] = [],
  target: Record<string, unknown> = {},
): Promise<Served> {
  const cwd = await flightsProject(target);
  const env = { MILLRACE_OPERATOR_TOKEN: OPERATOR_TOKEN };
  const up = startMillrace(['up', '--http-port', '0', ...args], { cwd, env });
  const link = (): RegExpExecArray | null =>
    /dashboard at (http:\/\/[^/]+)\/\?token=([\w-]+)/u.exec(up.output().stdout);
  await until(() => link() !== null, { what: () => `a link; it said ${JSON.stringify(up.output())}` });
  const [, base = '', token = ''] = link() ?? [];
  const served = { up, cwd, base, token, operatorToken: OPERATOR_TOKEN };
  await until(async () => (await asOperator(served, '/api/overview')).status === 200, {
    what: () => `the pipeline; it said ${JSON.stringify(up.output())}`,
  });
  return served;
}

/** A request of a program. */
export function asOperator({ base, operatorToken }: Served, path: string, body?: unknown): Promise<Response> {
  return fetch(base + path, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
  });
}

/** Puts a file where the target takes it from. */
export async function dropFile({ cwd }: Pick<Served, 'cwd'>, name: string, text: string): Promise<string> {
  const path = join(cwd, 'objects', 'lake', 'flights', name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return `s3://lake/flights/${name}`;
}
