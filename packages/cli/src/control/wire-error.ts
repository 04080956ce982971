import { type ErrorClass, LoadError } from '@millrace/core';

/** A failure as it crosses the wire: what people are told, without causes and stacks. */
export interface WireError {
  readonly code: string;
  readonly class: ErrorClass;
  readonly message: string;
  readonly hint?: string;
}

export function toWireError(error: unknown): WireError {
  if (error instanceof LoadError) {
    const { code, class: kind, message, hint } = error;
    return { code, class: kind, message, ...(hint === undefined ? {} : { hint }) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', class: 'unknown', message };
}

export function fromWireError({ code, class: kind, message, hint }: WireError): LoadError {
  return new LoadError(code, message, { class: kind, ...(hint === undefined ? {} : { hint }) });
}
