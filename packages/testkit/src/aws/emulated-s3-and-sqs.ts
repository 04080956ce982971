import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { clientConfigOf } from './aws-client-config.ts';

/**
 * S3 and SQS in this process (fauxqs): in memory, on 127.0.0.1 and a free port.
 *
 * Its S3 ignores conditions on writes and deletes, takes a tagging request for an object, sends no notifications and
 * refuses bodies above 11 MiB: `S3Front` stands before it where a test needs more.
 */
export class EmulatedS3AndSqs {
  readonly url: string;
  readonly #server: FauxqsServer;
  readonly #clients: { destroy(): void }[] = [];

  private constructor(server: FauxqsServer) {
    this.#server = server;
    this.url = `http://127.0.0.1:${server.port}`;
  }

  static async start(): Promise<EmulatedS3AndSqs> {
    const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
    return new EmulatedS3AndSqs(server);
  }

  /** A client of this emulator, or of a front before it; ended by `close`. */
  s3(endpoint: string = this.url, options: { readonly maxAttempts?: number } = {}): S3Client {
    const client = new S3Client({ ...clientConfigOf(endpoint), forcePathStyle: true, ...options });
    this.#clients.push(client);
    return client;
  }

  sqs(): SQSClient {
    // Queue URLs name the host that fauxqs is called by.
    const client = new SQSClient({ ...clientConfigOf(this.url), useQueueUrlAsEndpoint: false });
    this.#clients.push(client);
    return client;
  }

  createBucket(name: string): void {
    this.#server.createBucket(name);
  }

  /** @param attributes as SQS names them: `VisibilityTimeout`, `RedrivePolicy` … @returns the queue's URL. */
  createQueue(name: string, attributes: Record<string, string> = {}): string {
    return this.#server.createQueue(name, { attributes }).queueUrl;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#server.stop();
  }
}
