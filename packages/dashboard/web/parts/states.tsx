/** What is shown where nothing is, something is on its way, or something went wrong. */
export function EmptyState({ title, children }: { title: string; children?: preact.ComponentChildren }) {
  return (
    <div class="empty">
      <svg viewBox="0 0 64 32" width="64" height="32" aria-hidden="true">
        <path d="M2 10c9 0 9 7 17.500 7S28 10 36.500 10 45 17 62 17" />
        <path d="M2 22c9 0 9 7 17.500 7S28 22 36.500 22 45 29 62 29" />
      </svg>
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

export function LoadingState({ rows = 4 }: { rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: rows }, (_, nth) => (
        <span key={nth} class="loading-row" aria-hidden="true" />
      ))}
    </div>
  );
}

export function ErrorState({ error, onAgain }: { error: Error; onAgain?: () => void }) {
  return (
    <div class="failed" role="alert">
      <p>{error.message}</p>
      {onAgain && (
        <button type="button" class="button" onClick={onAgain}>
          Try again
        </button>
      )}
    </div>
  );
}
