import { styleText } from 'node:util';
import { LiveScreen, type ScreenInput } from './live-screen.ts';

type Style = Parameters<typeof styleText>[0];

/** Where a command writes: results to stdout, so that they can be piped; everything else to stderr. */
export class Terminal {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #hasColours: boolean;
  #status = '';

  constructor({
    stdout,
    stderr,
    env,
  }: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream; env: NodeJS.ProcessEnv }) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#hasColours = (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
    for (const stream of [stdout, stderr]) stream.on('error', ignoreClosedPipe);
  }

  /** Whether a person reads the results, not a pipe or a file. */
  get showsResults(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Whether a person watches the notes: progress may be drawn. */
  get showsProgress(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** Columns of the screen. */
  get width(): number {
    // Some terminals do not know their size and say 0.
    return this.#stdout.columns || this.#stderr.columns || 80;
  }

  /** The whole window for a text that changes, and the keyboard to end it; undefined where nobody watches. */
  openScreen(keyboard: ScreenInput): LiveScreen | undefined {
    if (!this.showsResults || process.env.TERM === 'dumb') return undefined;
    this.status('');
    return new LiveScreen(this.#stdout, keyboard);
  }

  /** Lines of the result. */
  result(text: string): void {
    this.#clearStatus();
    this.#stdout.write(`${text}\n`);
    this.#drawStatus();
  }

  json(value: unknown): void {
    this.result(JSON.stringify(value, plainJson, 2));
  }

  /** One line of JSON: for streams of results. */
  jsonLine(value: unknown): void {
    this.result(JSON.stringify(value, plainJson));
  }

  /** Lines for people. */
  note(text: string): void {
    this.#clearStatus();
    this.#stderr.write(`${text}\n`);
    this.#drawStatus();
  }

  /** The line at the bottom that is drawn over: progress. Nothing elsewhere than on a terminal; `''` ends it. */
  status(text: string): void {
    if (!this.showsProgress) return;
    this.#clearStatus();
    this.#status = text;
    this.#drawStatus();
  }

  /** The text in a colour, where notes are shown in colours. */
  styleNote(style: Style, text: string): string {
    return this.#hasColours && this.showsProgress ? styleText(style, text, { validateStream: false }) : text;
  }

  /** The text in a colour, where results are shown in colours. */
  styleResult(style: Style, text: string): string {
    return this.#hasColours && this.showsResults ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Resolves when everything that was written is out of this process, or nobody reads it any more. */
  async flush(): Promise<void> {
    this.status('');
    await Promise.all(
      [this.#stdout, this.#stderr].map((stream) =>
        stream.writable ? new Promise<void>((resolve) => stream.write('', () => resolve())) : undefined,
      ),
    );
  }

  #clearStatus(): void {
    if (this.#status !== '') this.#stderr.write('\r\u{1b}[2K');
  }

  #drawStatus(): void {
    if (this.#status !== '') this.#stderr.write(this.#status);
  }
}

/** The reader of a pipe may leave (`millrace status | head -1`): what follows is not written, the work goes on. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function plainJson(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
