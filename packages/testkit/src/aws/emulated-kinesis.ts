import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer as createFront, type Server as Front, type Socket } from 'node:net';
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis';
// @ts-expect-error: kinesalite comes without types; what is used of it is typed below.
import kinesalite from 'kinesalite';
import { clientConfigOf } from './aws-client-config.ts';

const createKinesis: (options: Readonly<Record<string, number>>) => Server = kinesalite;

/** How a client begins that speaks HTTP/2 without asking. */
const HTTP2_PREFACE = 'PRI';

/**
 * Kinesis in this process (kinesalite): in memory, on 127.0.0.1 and a free port. Splits and merges shards; knows no `StreamARN` and
 * no consumers of their own.
 *
 * The SDK speaks HTTP/2 to Kinesis, kinesalite HTTP/1.1: the front hands each connection to a server of its kind.
 */
export class EmulatedKinesis {
  readonly url: string;
  readonly #front: Front;
  readonly #kinesis: Server;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #clients: KinesisClient[] = [];

  private constructor(url: string, parts: { front: Front; kinesis: Server; sockets: ReadonlySet<Socket> }) {
    this.url = url;
    this.#front = parts.front;
    this.#kinesis = parts.kinesis;
    this.#sockets = parts.sockets;
  }

  static async start(): Promise<EmulatedKinesis> {
    const kinesis = createKinesis({
      createStreamMs: 0,
      deleteStreamMs: 0,
      updateStreamMs: 0,
      shardLimit: 100,
    });
    const [answer] = kinesis.listeners('request') as RequestListener[];
    if (answer === undefined) throw new Error('kinesalite listens to no requests');
    const http1 = createHttpServer(answer);
    // It answers what it is asked, and both kinds of request and response have what it asks them.
    const http2 = createHttp2Server(answer as unknown as Parameters<typeof createHttp2Server>[1]);
    const sockets = new Set<Socket>();
    const front = createFront((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.once('readable', () => {
        const first = (socket.read() as Buffer | null) ?? Buffer.alloc(0);
        socket.unshift(first);
        const isHttp2 = first.subarray(0, HTTP2_PREFACE.length).toString('latin1') === HTTP2_PREFACE;
        (isHttp2 ? http2 : http1).emit('connection', socket);
      });
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    const { port } = front.address() as AddressInfo;
    return new EmulatedKinesis(`http://127.0.0.1:${port}`, { front, kinesis, sockets });
  }

  /** A client of this emulator, ended by `close`. */
  client(options: { readonly maxAttempts?: number } = {}): KinesisClient {
    const client = new KinesisClient({ ...clientConfigOf(this.url), ...options });
    this.#clients.push(client);
    return client;
  }

  /** Resolves when the stream can be used. */
  async createStream(name: string, shards: number): Promise<void> {
    await this.client().send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done, fail) => {
      this.#front.close((error) => (error ? fail(error) : done()));
    });
    // It never listened itself; what it closes is its store.
    await new Promise<void>((done) => {
      this.#kinesis.close(() => done());
    });
  }
}
