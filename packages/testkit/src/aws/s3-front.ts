import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import type { CreatedObject } from './created-object.ts';
import { type ListedObject, parseListing, renderListing } from './s3-listing.ts';
import {
  copySourceOf,
  elementsOf,
  escapeXml,
  parseS3Request,
  pathOf,
  type S3Request,
  unescapeXml,
} from './s3-request.ts';

/** fauxqs refuses longer bodies, in a way that the SDK cannot read. */
const MAX_PUT_BYTES = 11 * 1024 * 1024;
/** S3 copies no more than this in one request. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;

export interface S3FrontOptions {
  /** Where the emulator is. */
  readonly upstream: string;
  /** Called after an object came to be and before its writer hears of it. */
  readonly onObjectCreated?: (object: CreatedObject) => void;
  /** Stands for S3's 5 GB, so that a test of larger copies needs none. */
  readonly maxCopyBytes?: number;
}

/** An answer in S3's error form. */
interface S3Fault {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
}

const GONE: S3Fault = { status: 404, code: 'NoSuchKey' };
const UNMET: S3Fault = { status: 412, code: 'PreconditionFailed' };

/**
 * A test device before fauxqs's S3 that adds what S3 has and fauxqs lacks: If-Match and If-None-Match on writes,
 * deletes and copies, tags, listings in the order of bytes, the notification configuration of a bucket, and word of every
 * object that came to be.
 *
 * It is no S3: it holds tags in memory, checks no signature, knows no versions. Conditions hold against writers that
 * come through it, one at a time per key. What it does not know it passes on.
 */
export class S3Front {
  readonly url: string;
  /** Requests by method and what they are about (`PUT object`, `GET tagging`), for tests that count them. */
  readonly counts = new Map<string, number>();
  readonly #server: Server;
  readonly #options: S3FrontOptions;
  readonly #tags = new Map<string, string>();
  readonly #notifications = new Map<string, string>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #faults: S3Fault[] = [];
  #writes = 0;

  private constructor(server: Server, options: S3FrontOptions) {
    this.#server = server;
    this.#options = options;
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(options: S3FrontOptions): Promise<S3Front> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const front = new S3Front(server, options);
    server.on('request', (incoming, reply) => {
      front.#serve(incoming, reply).catch((error: unknown) => {
        refuse(reply, { status: 500, code: 'InternalError', message: String(error) });
      });
    });
    return front;
  }

  /** The next requests are answered by these faults, one each, and do nothing. */
  failNext(faults: readonly S3Fault[]): void {
    this.#faults.push(...faults);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done, fail) => {
      this.#server.close((error) => (error ? fail(error) : done()));
    });
  }

  async #serve(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const asked = parseS3Request(incoming);
    const about = asked.query.has('tagging') ? 'tagging' : asked.key === '' ? 'bucket' : 'object';
    const name = `${asked.method} ${about}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const fault = this.#faults.shift();
    if (fault) return refuse(reply, fault, incoming);
    if (about === 'tagging') return this.#serveTags(asked, incoming, reply);
    if (asked.query.has('notification')) return this.#serveNotifications(asked, incoming, reply);
    if (asked.method === 'GET' && asked.key === '' && asked.query.get('list-type') === '2') {
      return this.#serveListing(asked, incoming, reply);
    }
    const isWrite = asked.key !== '' && ['PUT', 'POST', 'DELETE'].includes(asked.method);
    if (!isWrite) return this.#pass(incoming, reply);
    return this.#inTurn(`${asked.bucket}/${asked.key}`, () => this.#serveWrite(asked, incoming, reply));
  }

  async #serveWrite(asked: S3Request, incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const fault = await this.#findFault(asked);
    if (fault) return refuse(reply, fault, incoming);
    const isPart = asked.query.has('partNumber') || asked.query.has('uploads');
    await this.#pass(incoming, reply, async (status) => {
      if (status >= 300 || isPart) return;
      if (asked.method === 'DELETE' && asked.query.has('uploadId')) return;
      const source = copySourceOf(asked);
      const carried = source && this.#tags.get(`${source.bucket}/${source.key}`);
      this.#tags.delete(`${asked.bucket}/${asked.key}`);
      if (carried !== undefined) this.#tags.set(`${asked.bucket}/${asked.key}`, carried);
      if (asked.method !== 'DELETE') await this.#tell(asked, source !== undefined);
    });
  }

  /** The condition of a write that does not hold; looked up in this key's turn, so that it holds until the write. */
  async #findFault(asked: S3Request): Promise<S3Fault | undefined> {
    const { method, headers } = asked;
    const length = Number(headers['x-amz-decoded-content-length'] ?? headers['content-length'] ?? 0);
    if (method === 'PUT' && length > MAX_PUT_BYTES) {
      const message = `the emulator behind this front takes bodies of at most ${MAX_PUT_BYTES} bytes: upload in parts`;
      return { status: 501, code: 'NotImplemented', message };
    }
    const source = copySourceOf(asked);
    if (source) {
      const found = await this.#look(source);
      if (found === undefined) return GONE;
      const wanted = headers['x-amz-copy-source-if-match'];
      if (wanted !== undefined && wanted !== found.etag) return UNMET;
      const isWhole = !asked.query.has('partNumber');
      if (isWhole && found.size > (this.#options.maxCopyBytes ?? MAX_COPY_BYTES)) {
        const message =
          'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120';
        return { status: 400, code: 'InvalidRequest', message };
      }
    }
    const ifMatch = headers['if-match'];
    const ifNoneMatch = headers['if-none-match'];
    if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
    const found = await this.#look(asked);
    if (ifNoneMatch === '*' && found !== undefined) return UNMET;
    if (ifMatch === undefined) return undefined;
    if (found === undefined) return GONE;
    return ifMatch === '*' || ifMatch === found.etag ? undefined : UNMET;
  }

  async #tell({ bucket, key, query }: S3Request, isCopy: boolean): Promise<void> {
    const { onObjectCreated } = this.#options;
    if (onObjectCreated === undefined) return;
    const found = await this.#look({ bucket, key });
    if (found === undefined) return;
    this.#writes += 1;
    const whole = isCopy ? 'ObjectCreated:Copy' : 'ObjectCreated:Put';
    onObjectCreated({
      eventName: query.has('uploadId') ? 'ObjectCreated:CompleteMultipartUpload' : whole,
      bucket,
      key,
      size: found.size,
      etag: found.etag.replaceAll('"', ''),
      sequencer: this.#writes.toString(16).toUpperCase().padStart(18, '0'),
      at: Date.now(),
    });
  }

  async #serveTags(asked: S3Request, incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const id = `${asked.bucket}/${asked.key}`;
    const body = await text(incoming);
    if ((await this.#look(asked)) === undefined) return refuse(reply, GONE);
    if (asked.method === 'PUT') this.#tags.set(id, elementsOf(body, 'TagSet')[0] ?? '');
    if (asked.method === 'DELETE') this.#tags.delete(id);
    const tagging = `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${this.#tags.get(id) ?? ''}</TagSet></Tagging>`;
    send(reply, 200, asked.method === 'GET' ? tagging : '');
  }

  /** Kept as it was put, and told; nothing is sent by it: `onObjectCreated` tells of everything. */
  async #serveNotifications(
    asked: S3Request,
    incoming: IncomingMessage,
    reply: ServerResponse,
  ): Promise<void> {
    const body = await text(incoming);
    if (asked.method === 'PUT') this.#notifications.set(asked.bucket, body);
    const none = '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>';
    send(reply, 200, asked.method === 'GET' ? (this.#notifications.get(asked.bucket) ?? none) : '');
  }

  /** The tags of an object, for tests. */
  tagsOf({ bucket, key }: { bucket: string; key: string }): Readonly<Record<string, string>> {
    const tags = elementsOf(this.#tags.get(`${bucket}/${key}`) ?? '', 'Tag').map((tag) => [
      unescapeXml(elementsOf(tag, 'Key')[0] ?? ''),
      unescapeXml(elementsOf(tag, 'Value')[0] ?? ''),
    ]);
    return Object.fromEntries(tags);
  }

  /** The emulator lists in the order of a language: all of its pages are read, and put in order. */
  async #serveListing(asked: S3Request, incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    incoming.resume();
    const objects: ListedObject[] = [];
    let next: string | undefined;
    do {
      const query = new URLSearchParams({ 'list-type': '2', prefix: asked.query.get('prefix') ?? '' });
      if (next !== undefined) query.set('continuation-token', next);
      const page = await fetch(`${this.#options.upstream}/${asked.bucket}?${query}`, {
        headers: { authorization: incoming.headers.authorization ?? '' },
      });
      const xml = await page.text();
      if (!page.ok) return send(reply, page.status, xml);
      const listing = parseListing(xml);
      objects.push(...listing.objects);
      next = listing.next;
    } while (next !== undefined);
    send(reply, 200, renderListing(asked, objects));
  }

  async #look(at: { bucket: string; key: string }): Promise<{ etag: string; size: number } | undefined> {
    const reply = await fetch(`${this.#options.upstream}${pathOf(at)}`, { method: 'HEAD' });
    if (!reply.ok) return undefined;
    return {
      etag: reply.headers.get('etag') ?? '',
      size: Number(reply.headers.get('content-length') ?? 0),
    };
  }

  /** Passes a request on as it is. Its answer is held until `done` has seen its status. */
  async #pass(
    incoming: IncomingMessage,
    reply: ServerResponse,
    done?: (status: number) => Promise<void>,
  ): Promise<void> {
    const { method, url, headers } = incoming;
    const outgoing = request(new URL(this.#options.upstream), {
      path: url,
      ...(method === undefined ? {} : { method }),
      headers,
    });
    incoming.pipe(outgoing);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const status = answer.statusCode ?? 500;
    if (done === undefined) {
      reply.writeHead(status, answer.headers);
      answer.pipe(reply);
      await once(reply, 'close');
      return;
    }
    const body = await buffer(answer);
    await done(status);
    reply.writeHead(status, answer.headers).end(body);
  }

  async #inTurn<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(id) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }
}

function refuse(
  reply: ServerResponse,
  { status, code, message = code }: S3Fault,
  incoming?: IncomingMessage,
): void {
  incoming?.resume();
  const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  send(reply, status, reply.req.method === 'HEAD' ? '' : xml);
}

function send(reply: ServerResponse, status: number, xml: string): void {
  reply
    .writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) })
    .end(xml);
}
