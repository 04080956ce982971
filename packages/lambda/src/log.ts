import type { Logger } from '@aws-lambda-powertools/logger';
import { LoadError } from '@millrace/core';

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured lines: a sentence, and what it is about. Powertools' logger is one. */
export interface Log {
  debug(message: string, fields: LogFields): void;
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}

/** An error as fields of a log line: what happened and what to do, and where only when nobody foresaw it. */
export function errorFields(error: unknown): LogFields {
  if (error instanceof LoadError) return { code: error.code, class: error.class, reason: error.sentence };
  if (error instanceof Error) return { code: error.name, reason: error.message, stack: error.stack };
  return { code: 'unknown', reason: String(error) };
}

export function toLog(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(message, { ...fields }),
    info: (message, fields) => logger.info(message, { ...fields }),
    warn: (message, fields) => logger.warn(message, { ...fields }),
    error: (message, fields) => logger.error(message, { ...fields }),
  };
}
