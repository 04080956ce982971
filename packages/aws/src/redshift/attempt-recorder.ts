/** Where in a command's middleware a recorder stands: inside the retries, so that it sees each attempt. */
export const INSIDE_RETRIES = { step: 'finalizeRequest', priority: 'low', name: 'attemptRecorder' } as const;

/**
 * Writes down why each attempt of a command failed. The SDK retries and throws the last failure; whether the request
 * was carried out may be told by an earlier one.
 */
export class AttemptRecorder {
  readonly failures: unknown[] = [];

  readonly middleware =
    <Args, Output>(next: (args: Args) => Promise<Output>) =>
    async (args: Args): Promise<Output> => {
      try {
        return await next(args);
      } catch (cause) {
        this.failures.push(cause);
        throw cause;
      }
    };
}
