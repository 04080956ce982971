import type { Operations } from '@millrace/core';

/** What makes a server show and steer a Millrace. */
export interface OperationsOptions {
  /** Undefined as long as the process is starting: the API says so. */
  readonly operations: () => Operations | undefined;
  /** What is known of a start that takes long: why it waits. */
  readonly startingNote?: () => string | undefined;
  /** The folder of the built page; it may still be built. Without it only the API is served. */
  readonly page?: string | Promise<string>;
  /** For programs: `Authorization: Bearer …`. Without any only browsers that came by a login link are admitted. */
  readonly operatorTokens?: readonly string[];
  /** Whose name actions carry when whoever acts gives none. */
  readonly operatorName: string;
  /** Host names that requests may be for, beside addresses and `localhost`: those of a proxy, say. */
  readonly names?: readonly string[];
  readonly version: string;
}
