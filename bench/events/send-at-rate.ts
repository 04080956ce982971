import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export interface SteadyLoad {
  readonly port: number;
  readonly eventsPerSecond: number;
  readonly seconds: number;
  /** Event number `n`, made when it is sent. */
  readonly eventOf: (n: number) => object;
}

export interface SteadyResult {
  readonly sent: number;
  /** What the sender fell behind its rate at the end. */
  readonly lateMs: number;
}

/** Requests a second: each carries its share of the events. */
const REQUESTS_PER_SECOND = 100;

/** Sends events at a steady rate, whether earlier ones are answered or not. Anything but 202 is an error. */
export async function sendAtRate({
  port,
  eventsPerSecond,
  seconds,
  eventOf,
}: SteadyLoad): Promise<SteadyResult> {
  const perRequest = eventsPerSecond / REQUESTS_PER_SECOND;
  const startedAt = performance.now();
  const answers: Promise<void>[] = [];
  let sent = 0;
  for (let turn = 0; turn < seconds * REQUESTS_PER_SECOND; turn += 1) {
    const due = startedAt + (turn * 1_000) / REQUESTS_PER_SECOND;
    const wait = due - performance.now();
    if (wait > 0) await pause(wait);
    const events = Array.from({ length: perRequest }, (_, at) => eventOf(sent + at));
    sent += perRequest;
    const answer = post(port, JSON.stringify(events));
    // A failure is told at the end; until then it must not count as unhandled.
    answer.catch(() => {});
    answers.push(answer);
  }
  const lateMs = performance.now() - startedAt - seconds * 1_000;
  await Promise.all(answers);
  return { sent, lateMs: Math.max(0, lateMs) };
}

function post(port: number, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sending = request(
      { host: '127.0.0.1', port, path: '/v1/events', method: 'POST', headers },
      (answer) => {
        answer.resume();
        answer.once('end', () => {
          if (answer.statusCode === 202) resolve();
          else reject(new Error(`the server answered ${answer.statusCode}`));
        });
      },
    );
    sending.once('error', reject);
    sending.end(body);
  });
}
