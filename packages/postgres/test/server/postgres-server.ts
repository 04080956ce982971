import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import { postgresBinaries, serverUser } from './postgres-binaries.ts';

const USER = 'millrace';
const START_MS = 30_000;
const LOOK_MS = 50;
/** Each test file has a database, and some run side by side. */
const MAX_CONNECTIONS = 200;

/** A server of its own, on this machine alone: it may be stopped, killed and started again. */
export class PostgresServer {
  readonly directory: string;
  readonly port: number;
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
  }

  /** Makes an empty cluster in a new directory and starts it. */
  static async open({ settings = [] }: { settings?: readonly string[] } = {}): Promise<PostgresServer> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-postgres-'));
    const { uid, gid } = serverUser();
    chmodSync(directory, 0o700);
    if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid);
    const data = join(directory, 'data');
    const made = spawnSync(
      join(postgresBinaries(), 'initdb'),
      [
        '--pgdata',
        data,
        '--username',
        USER,
        '--auth',
        'trust',
        '--encoding',
        'UTF8',
        '--locale',
        'C.UTF-8',
        '--no-sync',
      ],
      { ...serverUser(), cwd: '/', encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const server = new PostgresServer(directory, await freePort());
    await server.start(settings);
    return server;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  urlOf(database: string, user: string = USER): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** What is not durable when this machine loses its power is durable when the server is killed: all that tests need. */
  async start(settings: readonly string[] = []): Promise<void> {
    const options = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'fsync=off',
      'full_page_writes=off',
      `max_connections=${MAX_CONNECTIONS}`,
      'shared_buffers=64MB',
      'log_min_messages=fatal',
      ...settings,
    ];
    const args = ['-D', join(this.directory, 'data'), '-p', String(this.port)];
    this.#process = spawn(
      join(postgresBinaries(), 'postgres'),
      [...args, ...options.flatMap((option) => ['-c', option])],
      { ...serverUser(), cwd: '/', stdio: 'ignore' },
    );
    const { promise: exited, resolve } = Promise.withResolvers<number | null>();
    this.#process.once('exit', (code) => resolve(code));
    for (const until = Date.now() + START_MS; ; ) {
      if (await this.answers()) return;
      const code = await Promise.race([exited, setTimeout(LOOK_MS, undefined)]);
      if (code !== undefined) throw new Error(`postgres ended with ${code} while it started`);
      if (Date.now() > until) throw new Error(`postgres does not answer after ${START_MS} ms`);
    }
  }

  async answers(): Promise<boolean> {
    const client = new Client({ connectionString: this.urlOf('postgres'), connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return true;
    } catch {
      // Not yet, or not any more: that is the answer.
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** `fast` ends sessions and writes down what there is; `kill` is SIGKILL of the postmaster, as by the kernel. */
  async stop(how: 'fast' | 'kill'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGKILL');
    await exited;
    // Backends of a postmaster that was killed end by themselves; until then no other may start on the same data.
    while (how === 'kill' && (await this.#hasBackends())) await setTimeout(LOOK_MS);
  }

  /** A new database. @returns its URL */
  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `test_${process.pid}_${this.#databases}`;
    await this.run('postgres', `CREATE DATABASE ${name}`);
    return this.urlOf(name);
  }

  /** A statement as the owner of the cluster, on a connection of its own. */
  async run(database: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.urlOf(database) });
    await client.connect();
    try {
      const { rows } = await client.query(sql);
      return rows;
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await this.stop('kill');
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #hasBackends(): Promise<boolean> {
    const lock = join(this.directory, 'data', 'postmaster.pid');
    if (!existsSync(lock)) return false;
    const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    return stdout.split('\n').some((line) => line.includes(join(this.directory, 'data')));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  server.close(() => close());
  await closed;
  if (typeof address !== 'object' || address === null) throw new Error('a port has no number');
  return address.port;
}
