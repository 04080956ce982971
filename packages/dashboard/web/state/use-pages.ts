import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** A list that is asked for page by page. */
export interface Pages<T> {
  readonly items: readonly T[];
  /** Whether there is more. */
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly error: Error | undefined;
  more(): void;
  again(): void;
}

/** Empty pages that are followed by themselves: a filter which few pass leaves many. */
const MAX_EMPTY = 20;

export function usePages<T>(
  ask: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>,
  key: string,
): Pages<T> {
  const [state, setState] = useState<{
    items: readonly T[];
    next: string | null;
    isLoading: boolean;
    error: Error | undefined;
  }>({ items: [], next: null, isLoading: true, error: undefined });
  const [nth, setNth] = useState(0);
  const stop = useRef(new AbortController());
  const isBusy = useRef(false);
  const load = useCallback(
    async (cursor: string | null, isFirst: boolean): Promise<void> => {
      const { signal } = stop.current;
      isBusy.current = true;
      setState((old) => ({ ...old, isLoading: true, error: undefined }));
      try {
        let page = await ask(cursor, signal);
        for (let empty = 0; page.items.length === 0 && page.next !== null && empty < MAX_EMPTY; empty += 1) {
          page = await ask(page.next, signal);
        }
        if (signal.aborted) return;
        setState((old) => ({
          items: isFirst ? page.items : [...old.items, ...page.items],
          next: page.next,
          isLoading: false,
          error: undefined,
        }));
      } catch (error) {
        if (!signal.aborted) setState((old) => ({ ...old, isLoading: false, error: error as Error }));
      } finally {
        if (!signal.aborted) isBusy.current = false;
      }
    },
    [key],
  );
  useEffect(() => {
    stop.current = new AbortController();
    void load(null, true);
    return () => stop.current.abort();
  }, [key, nth]);
  return {
    items: state.items,
    hasMore: state.next !== null,
    isLoading: state.isLoading,
    error: state.error,
    more: () => {
      if (!isBusy.current && state.next !== null) void load(state.next, false);
    },
    again: () => setNth((old) => old + 1),
  };
}
