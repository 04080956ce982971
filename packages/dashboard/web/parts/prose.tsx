import { sentence, showText } from './format.ts';

/** A sentence of the pipeline; what stands between backticks in it is something to type. */
export function Prose({ text }: { text: string }) {
  const parts = sentence(showText(text)).split('`');
  return (
    <>
      {parts.map((part, nth) =>
        nth % 2 === 1 && nth < parts.length - 1 ? <code key={nth}>{part}</code> : part,
      )}
    </>
  );
}
