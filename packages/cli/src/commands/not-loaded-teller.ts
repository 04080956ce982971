import type { FailureEntry, HandedFile, Operations } from '@millrace/core';
import type { CommandContext } from '../command-context.ts';
import { evidenceText } from '../terminal/event-line.ts';
import { showText } from '../terminal/show-text.ts';
import { count } from '../terminal/words.ts';

/** Files that still wait, by their names: they wait for one reason mostly, and thousands of lines would hide it. */
const MAX_NAMED_WAITING = 10;

/** Names on stderr the files that a command had to load and that are not loaded, each with the reason. */
export class NotLoadedTeller {
  readonly #operations: Operations;
  readonly #context: CommandContext;
  readonly #waiting = new Map<string, number>();

  constructor(operations: Operations, context: CommandContext) {
    this.#operations = operations;
    this.#context = context;
  }

  async tell(file: HandedFile): Promise<void> {
    if (file.status === 'waiting') {
      const waiting = (this.#waiting.get(file.target) ?? 0) + 1;
      this.#waiting.set(file.target, waiting);
      if (waiting > MAX_NAMED_WAITING) return;
    }
    this.#context.fail(await this.#reasonOf(file));
  }

  /** Sums up what was not named. */
  end(): void {
    for (const [target, waiting] of this.#waiting) {
      const others = waiting - MAX_NAMED_WAITING;
      if (others > 0) {
        const verb = others === 1 ? 'waits' : 'wait';
        this.#context.fail(
          `${count(others, 'more file')} still ${verb} for ${target}: see \`millrace status\``,
        );
      }
    }
  }

  async #reasonOf({ target, url, status }: HandedFile): Promise<string> {
    const name = showText(url);
    if (status === 'superseded')
      return `${name} is superseded: a newer version of it was waiting for ${target}`;
    const failures = await this.#operations.failures({ target, prefix: url });
    const failure: FailureEntry | undefined = failures.find((one) => one.url === url);
    const why = failure === undefined ? '' : `: ${evidenceText({ ...failure, reason: failure.error })}`;
    return status === 'quarantined'
      ? `${name} is quarantined${why}`
      : `${name} still waits for ${target}${why}`;
  }
}
