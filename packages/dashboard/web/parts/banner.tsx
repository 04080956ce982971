import { askFor } from '../state/action.ts';
import { board, now, targets, trouble } from '../state/live.ts';
import { count, formatAgo, formatIn, formatInstant, sentence, showText } from './format.ts';

/** What concerns everything: the warehouse is away or paused, a window, or nothing can be told. */
export function Banner() {
  if (trouble.value !== null) {
    const { code, text } = trouble.value;
    const title = code === 'starting' ? 'Starting' : 'Nothing can be told right now';
    return <Strip tone="warn" title={title} text={sentence(showText(text))} />;
  }
  const shown = board.value;
  if (shown === undefined) return null;
  const { warehouse, timeline } = shown;
  const waiting = targets.value.reduce((sum, card) => sum + card.waiting, 0);
  const lanes = targets.value.filter((card) => card.waiting > 0).length;
  const waits =
    waiting === 0
      ? 'Nothing waits yet; files are taken in meanwhile.'
      : `${count(waiting, 'file')} for ${count(lanes, 'target')} ${waiting === 1 ? 'waits, and loads by itself' : 'wait, and load by themselves'} afterwards.`;
  if (warehouse.state === 'paused') {
    return (
      <Strip
        tone="pause"
        title="The warehouse is paused"
        text={`${sentence(showText(warehouse.note ?? ''))}. ${waits}`}
      >
        {warehouse.since !== null && (
          <span class="banner-since">since {formatInstant(warehouse.since, now.value)}</span>
        )}
        <button
          type="button"
          class="button"
          onClick={() => askFor({ kind: 'resume', target: null, title: 'Resume the warehouse' })}
        >
          Resume
        </button>
      </Strip>
    );
  }
  if (warehouse.state === 'held') {
    return (
      <Strip
        tone="warn"
        title="The warehouse is away"
        text={`${sentence(showText(warehouse.note ?? ''))}. ${waits} No attempt is spent.`}
      >
        {warehouse.since !== null && (
          <span class="banner-since">{formatAgo(warehouse.since, now.value)}</span>
        )}
      </Strip>
    );
  }
  const window = timeline.spans.find(
    ({ kind, from, to }) =>
      kind === 'window' && Date.parse(from) <= now.value && now.value < Date.parse(to ?? from),
  );
  if (window?.to === undefined || window.to === null) return null;
  return (
    <Strip
      tone="pause"
      title="Maintenance window"
      text={`Nothing is loaded until it ends ${formatIn(window.to, now.value)}. ${waits}`}
    />
  );
}

function Strip({
  tone,
  title,
  text,
  children,
}: {
  tone: 'warn' | 'pause';
  title: string;
  text: string;
  children?: preact.ComponentChildren;
}) {
  return (
    <section class="banner" data-tone={tone} aria-label={title}>
      <div class="banner-text">
        <strong>{title}</strong>
        <span>{text}</span>
      </div>
      {children}
    </section>
  );
}
