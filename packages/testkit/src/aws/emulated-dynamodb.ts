import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
// @ts-expect-error: dynalite comes without types; what is used of it is typed below.
import dynalite from 'dynalite';
import { clientConfigOf } from './aws-client-config.ts';

const createServer: (options: Readonly<Record<string, number>>) => Server = dynalite;

/** DynamoDB in this process (dynalite): in memory, on 127.0.0.1 and a free port. Knows no transactions and no TTL. */
export class EmulatedDynamoDb {
  readonly url: string;
  readonly #server: Server;
  readonly #clients: DynamoDBClient[] = [];

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(): Promise<EmulatedDynamoDb> {
    const server = createServer({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new EmulatedDynamoDb(server, `http://127.0.0.1:${port}`);
  }

  /** A client of this emulator, ended by `close`. */
  client(options: { readonly maxAttempts?: number } = {}): DynamoDBClient {
    const client = new DynamoDBClient({ ...clientConfigOf(this.url), ...options });
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((done, fail) => {
      this.#server.close((error) => (error ? fail(error) : done()));
    });
  }
}
