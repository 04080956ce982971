import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedAlert {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How the receiver answers: a status, or whatever a test does with the response. */
type Answer = number | ((response: ServerResponse, nth: number) => void);

/** A real HTTP server that takes alerts. */
export class AlertReceiver {
  readonly received: ReceivedAlert[] = [];
  answer: Answer = 200;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port = 0): Promise<AlertReceiver> {
    const server = createServer();
    const receiver = new AlertReceiver(server);
    server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      receiver.received.push({
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      });
      const { answer } = receiver;
      if (typeof answer === 'number') response.writeHead(answer).end(answer < 300 ? 'ok' : 'no such token');
      else answer(response, receiver.received.length);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** The bodies as objects. */
  get told(): readonly Record<string, unknown>[] {
    return this.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  }

  /** What was told, in short: `raised files-quarantined/public.t warning`. */
  get lines(): readonly string[] {
    return this.told.map(({ alert, key, severity }) => [alert, key, severity].join(' '));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
