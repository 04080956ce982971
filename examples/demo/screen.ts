import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where the demo is shown: lines, and below them, on a terminal, one that is drawn over. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #startedAt = Date.now();
  #live = '';
  #isClosed = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  line(text = ''): void {
    if (this.#isClosed) return;
    this.#erase();
    this.#out.write(`${text}\n`);
    this.#draw();
  }

  heading(text: string): void {
    this.line();
    this.line(this.style('bold', text));
  }

  /** A line with the seconds since the demo began. */
  happening(text: string): void {
    this.line(`${this.#seconds()}  ${text}`);
  }

  /** What is going on, for who watches; nothing elsewhere than on a terminal. `''` ends it. */
  live(text: string): void {
    if (!this.#out.isTTY || this.#isClosed) return;
    this.#erase();
    this.#live = text === '' ? '' : `${this.#seconds()}  ${text}`.slice(0, this.#out.columns - 1);
    this.#draw();
  }

  /** The last line. What is still going on has nothing to tell any more: its project is being removed. */
  close(text: string): void {
    this.live('');
    this.line(text);
    this.#isClosed = true;
  }

  style(style: Style, text: string): string {
    const hasColours = this.#out.isTTY && (process.env.NO_COLOR ?? '') === '';
    return hasColours ? styleText(style, text, { validateStream: false }) : text;
  }

  get elapsedMs(): number {
    return Date.now() - this.#startedAt;
  }

  #seconds(): string {
    return `${(this.elapsedMs / 1_000).toFixed(1).padStart(6)} s`;
  }

  #erase(): void {
    if (this.#live !== '') this.#out.write('\r\u{1b}[2K');
  }

  #draw(): void {
    if (this.#live !== '') this.#out.write(this.#live);
  }
}

const decimal = new Intl.NumberFormat('en-US');

/** `1,234,567` */
export function formatNumber(amount: number): string {
  return decimal.format(amount);
}

/** `1 file`, `1,200 files` */
export function count(amount: number, noun: string): string {
  return `${decimal.format(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

/** `0.8 s` */
export function formatSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** `12.3 MB` */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
