import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly port: number;
  /** A request as it goes over the wire, for each turn of each connection. */
  readonly request: () => Buffer;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Of this process while it sent, in cores: near 1 it is the sender that is measured. */
  readonly senderCores: number;
  readonly p99Ms: number;
}

const ANSWER_END = '\r\n\r\n';

/** Sends requests over keep-alive connections, each the next one when it has its answer. Anything but 202 is an error. */
export async function sendRequests({ port, request, connections, seconds }: Load): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1_000;
  const latencies: number[] = [];
  await Promise.all(sockets.map((socket) => sendOver(socket, { request, endsAt, latencies })));
  const elapsed = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  return {
    requestsPerSecond: latencies.length / elapsed,
    senderCores: (user + system) / 1e6 / elapsed,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  return socket;
}

function sendOver(
  socket: Socket,
  load: { request: () => Buffer; endsAt: number; latencies: number[] },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    let answer = '';
    const send = (): void => {
      sentAt = performance.now();
      socket.write(load.request());
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the connection')));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      const headEnd = answer.indexOf(ANSWER_END);
      if (headEnd < 0) return;
      const length = Number(/content-length: (\d+)/iu.exec(answer)?.[1]);
      if (answer.length < headEnd + ANSWER_END.length + length) return;
      if (!answer.startsWith('HTTP/1.1 202')) {
        reject(new Error(`the server answered ${answer.slice(0, 300)}`));
        return;
      }
      answer = '';
      const now = performance.now();
      load.latencies.push(now - sentAt);
      if (now >= load.endsAt) {
        socket.removeAllListeners('close');
        resolve();
      } else send();
    });
    send();
  });
}
