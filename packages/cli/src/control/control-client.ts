import { request } from 'node:http';
import { type FileSelection, LoadError, type Operations } from '@millrace/core';
import type { ControlAddress } from './control-file.ts';
import type { OperationName } from './operation-names.ts';
import { fromWireError, type WireError } from './wire-error.ts';

/** How long the loopback interface may take to connect. Answers may take as long as they take (a query, a backup). */
const CONNECT_TIMEOUT_MS = 3_000;

/**
 * The operations of another process of this machine.
 *
 * Besides what the operations throw: LoadError `up-gone` when nobody is there (any more). Whether the operation was
 * done is not known then.
 */
export class ControlClient implements Operations {
  readonly #address: ControlAddress;

  constructor(address: ControlAddress) {
    this.#address = address;
  }

  /** Whether the process at the address is the one that wrote it down: process ids and ports are given out again. */
  async answers(): Promise<boolean> {
    try {
      return parseAnswer(await this.#post('/ping', '[]')).result === 'millrace';
    } catch (error) {
      if (error instanceof LoadError && error.code === 'up-gone') return false;
      throw error;
    }
  }

  status(): ReturnType<Operations['status']> {
    return this.#call('status', []);
  }
  failures(selection: FileSelection): ReturnType<Operations['failures']> {
    return this.#call('failures', [selection]);
  }
  pause(...args: Parameters<Operations['pause']>): ReturnType<Operations['pause']> {
    return this.#call('pause', args);
  }
  resume(...args: Parameters<Operations['resume']>): ReturnType<Operations['resume']> {
    return this.#call('resume', args);
  }
  redrive(...args: Parameters<Operations['redrive']>): ReturnType<Operations['redrive']> {
    return this.#call('redrive', args);
  }
  rejects(...args: Parameters<Operations['rejects']>): ReturnType<Operations['rejects']> {
    return this.#call('rejects', args);
  }
  redriveRejects(
    ...args: Parameters<Operations['redriveRejects']>
  ): ReturnType<Operations['redriveRejects']> {
    return this.#call('redriveRejects', args);
  }
  plan(target: string): ReturnType<Operations['plan']> {
    return this.#call('plan', [target]);
  }
  query(sql: string): ReturnType<Operations['query']> {
    return this.#call('query', [sql]);
  }
  load(target: string, paths: readonly string[]): ReturnType<Operations['load']> {
    return this.#call('load', [target, paths]);
  }
  bulk(text: string): ReturnType<Operations['bulk']> {
    return this.#call('bulk', [text]);
  }
  grants(user: string): ReturnType<Operations['grants']> {
    return this.#call('grants', [user]);
  }

  handedFiles(...args: Parameters<Operations['handedFiles']>): ReturnType<Operations['handedFiles']> {
    return this.#call('handedFiles', args);
  }
  reconcile(...args: Parameters<Operations['reconcile']>): ReturnType<Operations['reconcile']> {
    return this.#call('reconcile', args);
  }
  backfill(...args: Parameters<Operations['backfill']>): ReturnType<Operations['backfill']> {
    return this.#call('backfill', args);
  }
  pruneReceipts(...args: Parameters<Operations['pruneReceipts']>): ReturnType<Operations['pruneReceipts']> {
    return this.#call('pruneReceipts', args);
  }
  migrate(options: { readonly dryRun: boolean }): ReturnType<Operations['migrate']> {
    return this.#call('migrate', [options]);
  }
  schemaHistory(): ReturnType<Operations['schemaHistory']> {
    return this.#call('schemaHistory', []);
  }
  backup(directory: string): ReturnType<Operations['backup']> {
    return this.#call('backup', [directory]);
  }

  trace(...args: Parameters<Operations['trace']>): ReturnType<Operations['trace']> {
    return this.#call('trace', args);
  }
  doctor(...args: Parameters<Operations['doctor']>): ReturnType<Operations['doctor']> {
    return this.#call('doctor', args);
  }
  jobs(...args: Parameters<Operations['jobs']>): ReturnType<Operations['jobs']> {
    return this.#call('jobs', args);
  }
  job(id: string): ReturnType<Operations['job']> {
    return this.#call('job', [id]);
  }

  overview(): ReturnType<Operations['overview']> {
    return this.#call('overview', []);
  }
  loadHistory(target: string | null): ReturnType<Operations['loadHistory']> {
    return this.#call('loadHistory', [target]);
  }
  failurePage(...args: Parameters<Operations['failurePage']>): ReturnType<Operations['failurePage']> {
    return this.#call('failurePage', args);
  }
  waitingPage(...args: Parameters<Operations['waitingPage']>): ReturnType<Operations['waitingPage']> {
    return this.#call('waitingPage', args);
  }
  activity(...args: Parameters<Operations['activity']>): ReturnType<Operations['activity']> {
    return this.#call('activity', args);
  }
  cancel(...args: Parameters<Operations['cancel']>): ReturnType<Operations['cancel']> {
    return this.#call('cancel', args);
  }

  async #call<Name extends OperationName>(
    name: Name,
    args: Parameters<Operations[Name]>,
  ): Promise<Awaited<ReturnType<Operations[Name]>>> {
    const text = await this.#post(`/operations/${name}`, JSON.stringify(args));
    const answer = parseAnswer(text);
    if (answer.error) throw fromWireError(answer.error);
    return answer.result as Awaited<ReturnType<Operations[Name]>>;
  }

  #post(path: string, body: string): Promise<string> {
    const { port, token } = this.#address;
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', (cause) => reject(this.#gone(cause)));
          response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        },
      );
      call.on('error', (cause) => reject(this.#gone(cause)));
      call.on('socket', (socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(() => call.destroy(new Error('no connection')), CONNECT_TIMEOUT_MS);
        socket.once('connect', () => clearTimeout(timer));
        socket.once('close', () => clearTimeout(timer));
      });
      call.end(body);
    });
  }

  #gone(cause: Error): LoadError {
    return new LoadError('up-gone', `process ${this.#address.pid} does not answer: ${cause.message}`, {
      class: 'unknown',
      hint: 'look with `millrace status`, then try again',
      cause,
    });
  }
}

function parseAnswer(text: string): { result?: unknown; error?: WireError } {
  try {
    const answer = JSON.parse(text) as { result?: unknown; error?: WireError } | null;
    if (answer !== null && typeof answer === 'object' && ('result' in answer || 'error' in answer))
      return answer;
  } catch (cause) {
    throw strange(cause);
  }
  throw strange(undefined);
}

/** Another program has the port by now. */
function strange(cause: unknown): LoadError {
  return new LoadError('up-gone', 'the process at the address in up.json is not millrace', {
    class: 'unknown',
    hint: 'stop it, or delete .millrace/up.json',
    cause,
  });
}
