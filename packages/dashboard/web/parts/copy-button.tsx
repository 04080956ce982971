import { useState } from 'preact/hooks';

/** Copies a text. Without a secure connection browsers offer no clipboard: then there is no button. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [isCopied, setCopied] = useState(false);
  if (navigator.clipboard === undefined) return null;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <button
      type="button"
      class="icon-button copy"
      aria-label={`Copy the ${what}`}
      onClick={() => void copy()}
    >
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {isCopied ? (
          <path d="m3 8.500 3.200 3.200L13 5" />
        ) : (
          <path d="M5.500 5.500h7v8h-7zM3.500 10.500v-8h7" />
        )}
      </svg>
    </button>
  );
}
