import type { ActivityEntry } from '@millrace/core';
import { formatExact, formatInstant, sentence, showText } from '../parts/format.ts';
import { EmptyState, ErrorState, LoadingState } from '../parts/states.tsx';
import { api } from '../state/api.ts';
import { now } from '../state/live.ts';
import { usePages } from '../state/use-pages.ts';

const OUTCOMES = {
  done: { tone: 'good', word: 'Done' },
  failed: { tone: 'bad', word: 'Failed' },
  begun: { tone: 'pause', word: 'Begun' },
} as const;

/** Who did what, and why. */
export function ActivityPage() {
  const pages = usePages<ActivityEntry>(async (cursor, signal) => {
    const { entries, next } = await api.activity(cursor, signal);
    return { items: entries, next };
  }, 'activity');
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Activity</h1>
          <p class="quiet">
            What people did here or on the command line. It is kept beside the data, and outlives the process.
          </p>
        </div>
      </div>
      {pages.error !== undefined && <ErrorState error={pages.error} onAgain={pages.again} />}
      {pages.items.length === 0 && pages.error === undefined ? (
        pages.isLoading ? (
          <LoadingState />
        ) : (
          <EmptyState title="Nobody had to do anything yet">
            Pauses, redrives and the like are kept here, with who and why.
          </EmptyState>
        )
      ) : (
        <ol class="card activity">
          {pages.items.map((entry) => (
            <Entry key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
      {pages.hasMore && (
        <button type="button" class="button more" disabled={pages.isLoading} onClick={pages.more}>
          Show more
        </button>
      )}
    </>
  );
}

function Entry({ entry }: { entry: ActivityEntry }) {
  const { tone, word } = OUTCOMES[entry.outcome];
  return (
    <li class="activity-entry">
      <time class="quiet" dateTime={entry.at} title={formatExact(entry.at)}>
        {formatInstant(entry.at, now.value)}
      </time>
      <div>
        <p>
          <strong>{showText(entry.by)}</strong> <span class="quiet">·</span> {sentence(entry.action)}
        </p>
        <p>{sentence(showText(entry.text))}</p>
        {entry.why !== null && <p class="activity-why">“{showText(entry.why)}”</p>}
      </div>
      <span class="mark" data-tone={tone}>
        {word}
      </span>
    </li>
  );
}
