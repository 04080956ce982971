import { useEffect, useState } from 'preact/hooks';

/** Where an answer of the server stands. While a newer one is on its way, the last one is still there. */
export interface Answer<T> {
  readonly value: T | undefined;
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  /** Asks again. */
  again(): void;
}

/**
 * Asks the server, and again when `key` changes. An answer that comes too late for its question is thrown away.
 *
 * @param options `keepsOld`: with another key the last answer stays until the new one is there.
 */
export function useAnswer<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  key: string,
  { keepsOld = false }: { keepsOld?: boolean } = {},
): Answer<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: Error; isLoading: boolean }>({
    key,
    isLoading: true,
  });
  const [nth, setNth] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setState((old) => ({
      key,
      isLoading: true,
      ...(old.value !== undefined && (keepsOld || old.key === key) ? { value: old.value } : {}),
    }));
    ask(stop.signal).then(
      (value) => stop.signal.aborted || setState({ key, value, isLoading: false }),
      (error: Error) => stop.signal.aborted || setState((old) => ({ ...old, error, isLoading: false })),
    );
    return () => stop.abort();
  }, [key, nth]);
  return {
    value: state.key === key || keepsOld ? state.value : undefined,
    error: state.error,
    isLoading: state.isLoading,
    again: () => setNth((old) => old + 1),
  };
}
