import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { AwsCall, Service } from './aws-call.ts';

/** How a client begins that speaks HTTP/2 without asking. */
const HTTP2_PREFACE = 'PRI';
/** Of HTTP/1.1 alone, and of the connection, not of the request. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'http2-settings',
  'upgrade',
]);

export interface FrontOptions {
  readonly service: Service;
  /** What answers what is allowed: an emulator, or a function of the stage. */
  readonly upstream: string | ((body: string) => Promise<object> | object);
  /** Whether the key of the caller may do it. */
  readonly isAllowed: (accessKey: string, call: AwsCall) => boolean;
  /** Hears of what was answered. */
  readonly onAnswer?: (accessKey: string, call: AwsCall, answer: string) => void;
  /** What the upstream is to see instead of a body. */
  readonly rewrite?: (body: string) => string;
}

/** A service of AWS as functions reach it: whoever calls is known by the access key, and what is not allowed is refused. */
export class CallFront {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, sockets: ReadonlySet<Socket>) {
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async start(options: FrontOptions): Promise<CallFront> {
    const answer = (incoming: IncomingMessage, reply: ServerResponse): void => {
      serve(incoming, reply, options).catch((error: unknown) => {
        if (!reply.headersSent) reply.writeHead(500, { 'content-type': 'application/x-amz-json-1.1' });
        reply.end(JSON.stringify({ __type: 'InternalServerException', message: String(error) }));
      });
    };
    const http1 = createHttpServer(answer);
    // The request and response of the compatibility layer have all that is asked of them here.
    const http2 = createHttp2Server(answer as unknown as Parameters<typeof createHttp2Server>[1]);
    const sockets = new Set<Socket>();
    const server = createSocketServer((socket) => {
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
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CallFront(server, sockets);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done, fail) => {
      this.#server.close((error) => (error ? fail(error) : done()));
    });
  }
}

async function serve(incoming: IncomingMessage, reply: ServerResponse, options: FrontOptions): Promise<void> {
  const { service, upstream, isAllowed, onAnswer, rewrite = (text: string) => text } = options;
  const bytes = await buffer(incoming);
  const { method = 'GET', url = '/' } = incoming;
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).filter(([name]) => !name.startsWith(':')),
  );
  // Only of S3 may a body be anything else than text, and there it is looked at for the names in a deletion.
  const body = service !== 's3' || url.includes('?delete') ? bytes.toString('utf8') : '';
  const accessKey = /Credential=([^/]+)\//u.exec(String(headers.authorization ?? ''))?.[1] ?? '';
  const call: AwsCall = { service, method, url, headers, body };
  if (!isAllowed(accessKey, call)) return deny(reply, service);
  if (typeof upstream === 'function') {
    const answer = await upstream(body);
    reply.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
    return;
  }
  const sent = body === '' || service === 's3' ? bytes : Buffer.from(rewrite(body));
  const kept = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.has(name));
  const outgoing = request(new URL(upstream), {
    method,
    path: url,
    headers: { ...Object.fromEntries(kept), 'content-length': sent.length },
  });
  outgoing.end(sent);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const answered = Object.entries(answer.headers).filter(([name]) => !OF_THE_CONNECTION.has(name));
  reply.writeHead(answer.statusCode ?? 500, Object.fromEntries(answered));
  const whole = await buffer(answer);
  onAnswer?.(accessKey, call, whole.toString('utf8'));
  reply.end(whole);
}

function deny(reply: ServerResponse, service: Service): void {
  const message = 'the role of the function is not allowed to do this';
  if (service === 's3') {
    const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`;
    reply.writeHead(403, { 'content-type': 'application/xml' }).end(xml);
    return;
  }
  const type = { 'content-type': 'application/x-amz-json-1.1' };
  reply.writeHead(400, type).end(JSON.stringify({ __type: 'AccessDeniedException', message }));
}
