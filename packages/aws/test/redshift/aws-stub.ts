import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a stub was asked. */
export interface StubRequest {
  /** `BatchExecuteStatement`, of the target header or of a query's `Action`. */
  readonly operation: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** What it answers; `hang-up` closes the connection without a reply. */
export type StubReply =
  | 'hang-up'
  | {
      readonly status?: number;
      readonly body: object | string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface AwsStub {
  readonly url: string;
  readonly requests: readonly StubRequest[];
  close(): Promise<void>;
}

/** A server that answers as a test says: for what the real service does and a local one does not. */
export async function startAwsStub(
  answer: (request: StubRequest, nth: number) => StubReply | Promise<StubReply>,
): Promise<AwsStub> {
  const requests: StubRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', async () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const target = String(incoming.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1);
      const operation = target || (new URLSearchParams(body).get('Action') ?? '');
      const request = { operation, body, headers: incoming.headers };
      requests.push(request);
      const reply = await answer(request, requests.length);
      if (reply === 'hang-up') {
        incoming.socket.destroy();
        return;
      }
      const isText = typeof reply.body === 'string';
      outgoing.writeHead(reply.status ?? 200, {
        'content-type': isText ? 'text/xml' : 'application/x-amz-json-1.1',
        ...reply.headers,
      });
      outgoing.end(isText ? reply.body : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** An error as the JSON protocols say it. */
export function failure(
  name: string,
  message: string,
  { status = 400, ...members }: { status?: number } = {},
): StubReply {
  return { status, body: { __type: name, Message: message, message, ...members } };
}
