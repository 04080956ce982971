import { told } from '../state/action.ts';

export function Toast() {
  const news = told.value;
  return (
    <div class="toast-place" role="status" aria-live="polite">
      {news !== null && (
        <div class="toast" data-good={String(news.isGood)}>
          <span>{news.text}</span>
          <button
            type="button"
            class="icon-button"
            aria-label="Close"
            onClick={() => {
              told.value = null;
            }}
          >
            ×
          </button>
        </div>
      )}
    </div>
  );
}
