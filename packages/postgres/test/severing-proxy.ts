import { connect, createServer, type Server, type Socket } from 'node:net';

/** What becomes of a connection when a client says COMMIT. */
export type Severance = 'none' | 'before-commit' | 'after-commit';

/** Stands between a client and the server, and breaks the connection where it is told to. */
export class SeveringProxy {
  severs: Severance = 'none';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(upstream: URL) {
    this.#server = createServer((client) => this.#join(client, upstream));
  }

  static async open(upstream: URL): Promise<SeveringProxy> {
    const proxy = new SeveringProxy(upstream);
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return proxy;
  }

  /** The same address, through the proxy. */
  addressOf(url: URL): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the proxy does not listen');
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(address.port);
    return through.href;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #join(client: Socket, { hostname, port }: URL): void {
    const server = connect(Number(port), hostname);
    let isSevered = false;
    const sever = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      // What is broken on purpose is not worth a word.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        sever();
      });
    }
    client.on('data', (bytes) => {
      const isCommit = this.severs !== 'none' && bytes.includes('COMMIT\0');
      if (isCommit && this.severs === 'before-commit') {
        sever();
        return;
      }
      isSevered ||= isCommit;
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      // The server has done it; its answer is lost.
      if (isSevered) sever();
      else client.write(bytes);
    });
  }
}
