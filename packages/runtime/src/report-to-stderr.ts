import { LoadError } from '@millrace/core';

/** What broke, where nobody else is told of it. */
export function reportToStderr(where: string, error: unknown): void {
  const message =
    error instanceof LoadError
      ? error.sentence
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`${where}: ${message}\n`);
}
