import { cutText } from './show-text.ts';

const CLEAR_LINE = '\u{1b}[K';
const CLEAR_BELOW = '\u{1b}[J';
const HOME = '\u{1b}[H';
const ENTER = '\u{1b}[?1049h\u{1b}[?25l';
const LEAVE = '\u{1b}[?25h\u{1b}[?1049l';

/** Keys that end it: q, Ctrl-C, Ctrl-D. A terminal in raw mode sends Ctrl-C as a character. */
const ENDS: readonly string[] = ['q', 'Q', '\u{3}', '\u{4}'];

/** What a screen needs of a terminal's output. */
export interface ScreenOutput {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** What a screen needs of a keyboard. */
export interface ScreenInput {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
}

/**
 * The whole of a terminal for one text that changes: drawn over in place, drawn again when the window changes its size. What
 * was on the screen before comes back at its end.
 */
export class LiveScreen {
  readonly #output: ScreenOutput;
  readonly #input: ScreenInput;
  readonly #ended = Promise.withResolvers<undefined>();
  #lines: readonly string[] = [];
  #isOpen = true;

  readonly #onKey = (chunk: Buffer | string): void => {
    const keys = chunk.toString();
    if (ENDS.some((key) => keys.includes(key))) this.#ended.resolve(undefined);
  };
  readonly #onResize = (): void => this.#draw();

  constructor(output: ScreenOutput, input: ScreenInput) {
    this.#output = output;
    this.#input = input;
    output.write(ENTER);
    output.on('resize', this.#onResize);
    if (input.isTTY !== true) return;
    input.setRawMode?.(true);
    input.on('data', this.#onKey);
    input.resume();
  }

  /** Resolves when somebody pressed q or Ctrl-C. */
  get ended(): Promise<undefined> {
    return this.#ended.promise;
  }

  show(lines: readonly string[]): void {
    this.#lines = lines;
    this.#draw();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#output.off('resize', this.#onResize);
    this.#output.write(LEAVE);
    if (this.#input.isTTY !== true) return;
    this.#input.off('data', this.#onKey);
    this.#input.setRawMode?.(false);
    this.#input.pause();
  }

  #draw(): void {
    if (!this.#isOpen) return;
    const { columns, rows } = this.#output;
    const lines = fitScreen(this.#lines, { width: columns || 80, height: rows || 24 });
    this.#output.write(HOME + lines.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_BELOW);
  }
}

/** The lines that a window has room for, each cut to its width; the last one stays, and what is left out is told. */
export function fitScreen(
  lines: readonly string[],
  { width, height }: { width: number; height: number },
): readonly string[] {
  const cut = lines.map((line) => cutText(line, width));
  const last = cut.at(-1);
  if (cut.length <= height || last === undefined) return cut;
  if (height < 3) return cut.slice(0, height);
  const left = cut.length - height + 1;
  return [...cut.slice(0, height - 2), cutText(`… and ${left} more lines`, width), last];
}
