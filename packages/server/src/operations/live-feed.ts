import type { ServerResponse } from 'node:http';
import { LoadError, type Operations, type Overview, type TargetCard } from '@millrace/core';

/** What a page is told: all of it first, then what has changed since. */
type Board = Omit<Overview, 'targets'>;

const HEARTBEAT_MS = 15_000;
/** While nothing can be read (the tracker is away, the process starts), it is tried as often. */
const RETRY_MS = 1_000;
/** More browsers than anybody has; each costs a connection. */
const MAX_LISTENERS = 50;
/** A browser that does not read what it is sent is let go: it comes back by itself, and asks for everything again. */
const MAX_BEHIND_BYTES = 4_000_000;

/**
 * Tells browsers what changes, as server-sent events. However many changes there were and browsers there are, the board is
 * read once per step, and only while somebody listens. Events:
 *
 * - `board`: everything but the targets, when it has changed;
 * - `targets`: the cards that changed (all of them first), and the names of those that are gone;
 * - `trouble`: why nothing can be told now.
 */
export class LiveFeed {
  readonly #operations: () => Operations | undefined;
  readonly #note: () => string | undefined;
  readonly #listeners = new Set<ServerResponse>();
  readonly #cards = new Map<string, { text: string; card: TargetCard }>();
  #board = '';
  #lastBoard: Board | undefined;
  #trouble = '';
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: { operations: () => Operations | undefined; note: () => string | undefined }) {
    this.#operations = options.operations;
    this.#note = options.note;
  }

  get isFull(): boolean {
    return this.#isClosed || this.#listeners.size >= MAX_LISTENERS;
  }

  /** From now on the connection is the feed's. */
  add(
    response: ServerResponse,
    headers: Readonly<Record<string, number | string | string[] | undefined>>,
  ): void {
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) response.setHeader(name, value);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies would collect events until they have enough of them.
      'x-accel-buffering': 'no',
    });
    response.on('close', () => this.#remove(response));
    response.write('retry: 1000\n\n');
    if (this.#board !== '') response.write(this.#everything());
    if (this.#trouble !== '') response.write(this.#trouble);
    this.#listeners.add(response);
    this.#heartbeat ??= setInterval(() => this.#tell(': still here\n\n'), HEARTBEAT_MS);
    if (this.#timer === undefined) this.#schedule(0);
  }

  close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.end();
    this.#stop();
  }

  #remove(response: ServerResponse): void {
    this.#listeners.delete(response);
    if (this.#listeners.size === 0) this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#heartbeat);
    this.#timer = undefined;
    this.#heartbeat = undefined;
    // Nobody has heard what changes from here on: the next one is told everything.
    this.#board = '';
    this.#trouble = '';
    this.#cards.clear();
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => void this.#step(), ms);
  }

  async #step(): Promise<void> {
    const next = await this.#look();
    if (this.#listeners.size > 0 && !this.#isClosed) this.#schedule(next);
  }

  async #look(): Promise<number> {
    const operations = this.#operations();
    if (operations === undefined) {
      this.#tellTrouble('starting', this.#note() ?? 'Millrace is starting');
      return RETRY_MS;
    }
    try {
      const overview = await operations.overview();
      this.#tellChanges(overview);
      return overview.refreshMs;
    } catch (error) {
      const code = error instanceof LoadError ? error.code : 'internal';
      this.#tellTrouble(code, error instanceof LoadError ? error.sentence : 'the server failed');
      return RETRY_MS;
    }
  }

  #tellChanges({ targets, ...board }: Overview): void {
    if (this.#listeners.size === 0) return;
    const changed: TargetCard[] = [];
    const names = new Set<string>();
    for (const card of targets) {
      names.add(card.target);
      const text = JSON.stringify(card);
      if (this.#cards.get(card.target)?.text === text) continue;
      this.#cards.set(card.target, { text, card });
      changed.push(card);
    }
    const gone = [...this.#cards.keys()].filter((name) => !names.has(name));
    for (const name of gone) this.#cards.delete(name);
    // The instant of the look moves each time, and is no news.
    const { at: _, timeline, ...rest } = board;
    const text = JSON.stringify([rest, timeline.spans]);
    let told = this.#trouble === '' ? '' : eventOf('trouble', null);
    this.#trouble = '';
    if (text !== this.#board) told += eventOf('board', board);
    this.#board = text;
    this.#lastBoard = board;
    if (changed.length + gone.length > 0) told += eventOf('targets', { changed, gone });
    if (told !== '') this.#tell(told);
  }

  #everything(): string {
    const changed = [...this.#cards.values()].map(({ card }) => card);
    return eventOf('board', this.#lastBoard) + eventOf('targets', { changed, gone: [] });
  }

  #tellTrouble(code: string, text: string): void {
    const event = eventOf('trouble', { code, text });
    if (event === this.#trouble) return;
    this.#trouble = event;
    this.#tell(event);
  }

  #tell(text: string): void {
    for (const listener of this.#listeners) {
      if (listener.writableLength > MAX_BEHIND_BYTES) listener.destroy();
      else listener.write(text);
    }
  }
}

function eventOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
