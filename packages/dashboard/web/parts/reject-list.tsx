import type { RejectCount, RejectEntry } from '@millrace/core';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { askFor } from '../state/action.ts';
import { api } from '../state/api.ts';
import { now } from '../state/live.ts';
import { hrefOf } from '../state/router.ts';
import { usePages } from '../state/use-pages.ts';
import { CopyButton } from './copy-button.tsx';
import { formatAgo, formatExact, formatNumber, sentence, showText } from './format.ts';
import { Sheet } from './sheet.tsx';
import { EmptyState, ErrorState, LoadingState } from './states.tsx';
import { VirtualRows } from './virtual-rows.tsx';

const NO_EVENT = 'no event at all';
/** Types and reasons with a button of their own: the most frequent. Whoever sends events chooses how many there are. */
const MAX_KINDS = 8;
const MAX_OPTIONS = 300;

/** The events that became no rows, one by one, and what takes them up again. */
export function RejectList({ rejects }: { rejects: readonly RejectCount[] }) {
  const [chosen, setChosen] = useState('');
  const [open, setOpen] = useState<RejectEntry | null>(null);
  const sorted = rejects.toSorted((a, b) => b.events - a.events);
  const all = rejects.reduce((sum, { events }) => sum + events, 0);
  const { type = null, code } =
    sorted.find((one) => keyOf(one) === chosen) ?? ({} as { type?: string | null; code?: string });
  const filter = { ...(type === null ? {} : { type }), ...(code === undefined ? {} : { code }) };
  const pages = usePages<RejectEntry>(async (cursor, signal) => {
    const { entries, next } = await api.rejects(filter, cursor, signal);
    return { items: entries, next };
  }, JSON.stringify(filter));
  // What was rejected, or redriven, since the list was asked for.
  useEffect(() => pages.again(), [all]);
  const isFiltered = code !== undefined;
  return (
    <section aria-labelledby="rejects-title">
      <div class="section-head">
        <h2 id="rejects-title">Rejected events</h2>
        {all > 0 && (
          <button
            type="button"
            class="button primary"
            onClick={() =>
              askFor({
                kind: 'redrive-rejects',
                selection: filter,
                title: isFiltered ? 'Redrive these events' : `Redrive all ${formatNumber(all)}`,
                onDone: pages.again,
              })
            }
          >
            {isFiltered ? 'Redrive these events' : 'Redrive all'}
          </button>
        )}
      </div>
      {all > 0 && (
        <div class="filters reject-kinds">
          <Kind isChosen={!isFiltered} events={all} onChoose={() => setChosen('')}>
            All
          </Kind>
          {sorted.slice(0, MAX_KINDS).map((one) => (
            <Kind
              key={keyOf(one)}
              isChosen={isFiltered && keyOf(one) === chosen}
              events={one.events}
              onChoose={() => setChosen(keyOf(one))}
            >
              {wordsOf(one)}
            </Kind>
          ))}
          {sorted.length > MAX_KINDS && (
            <select
              aria-label="Other types and reasons"
              value={isFiltered ? chosen : ''}
              onChange={(event) => setChosen(event.currentTarget.value)}
            >
              <option value="">Others…</option>
              {sorted.slice(MAX_KINDS, MAX_OPTIONS).map((one) => (
                <option key={keyOf(one)} value={keyOf(one)}>
                  {`${wordsOf(one)} (${formatNumber(one.events)})`}
                </option>
              ))}
            </select>
          )}
        </div>
      )}
      {pages.error !== undefined && <ErrorState error={pages.error} onAgain={pages.again} />}
      {pages.items.length === 0 ? (
        pages.isLoading ? (
          <LoadingState />
        ) : (
          pages.error === undefined && (
            <EmptyState title="No event was rejected">
              An event that becomes no row is kept here, as it came, with the reason.
            </EmptyState>
          )
        )
      ) : (
        <div class="card failure-list">
          <VirtualRows
            items={pages.items}
            keyOf={({ shard, position, url }) => `${shard} ${position} ${url}`}
            label="Rejected events"
            onNearEnd={pages.hasMore ? pages.more : undefined}
          >
            {(entry) => <RejectRow entry={entry} onOpen={() => setOpen(entry)} />}
          </VirtualRows>
          {pages.isLoading && <p class="quiet list-foot">One moment…</p>}
        </div>
      )}
      {open !== null && <RejectSheet entry={open} onClose={() => setOpen(null)} onDone={pages.again} />}
    </section>
  );
}

function Kind({
  isChosen,
  events,
  onChoose,
  children,
}: {
  isChosen: boolean;
  events: number;
  onChoose: () => void;
  children: ComponentChildren;
}) {
  return (
    <button type="button" class="choice" aria-pressed={isChosen} onClick={onChoose}>
      {children} <span class="quiet">{formatNumber(events)}</span>
    </button>
  );
}

function wordsOf({ type, code }: RejectCount): string {
  return `${type === null ? NO_EVENT : showText(type)}: ${showText(code)}`;
}

function keyOf({ type, code }: RejectCount): string {
  return JSON.stringify([type, code]);
}

function RejectRow({
  entry: { id, type, code, reason, at },
  onOpen,
}: {
  entry: RejectEntry;
  onOpen: () => void;
}) {
  return (
    <button type="button" class="failure-row" onClick={onOpen}>
      <span class="failure-file">
        <span class="one-line mono">{id === null ? NO_EVENT : showText(id)}</span>
        <span class="quiet one-line">{type === null ? '' : showText(type)}</span>
      </span>
      <span class="failure-why">
        <span class="one-line">{sentence(showText(reason))}</span>
        <span class="quiet one-line">{showText(code)}</span>
      </span>
      <span class="failure-at quiet">{formatAgo(at, now.value)}</span>
    </button>
  );
}

function RejectSheet({
  entry: { id, type, target, code, reason, at, shard, position, url },
  onClose,
  onDone,
}: {
  entry: RejectEntry;
  onClose: () => void;
  onDone: () => void;
}) {
  return (
    <Sheet title="Rejected event" onClose={onClose}>
      <p class="evidence-url mono">
        {id === null ? NO_EVENT : showText(id)}
        {id !== null && <CopyButton text={id} what="id" />}
      </p>
      <p class="evidence-reason">{sentence(showText(reason))}</p>
      <dl class="pairs">
        <dt>Type</dt>
        <dd>{type === null ? 'none' : showText(type)}</dd>
        {target !== null && (
          <>
            <dt>Target</dt>
            <dd>
              <a href={hrefOf({ page: 'target', target })}>{target}</a>
            </dd>
          </>
        )}
        <dt>Code</dt>
        <dd class="mono">{showText(code)}</dd>
        <dt>Arrived</dt>
        <dd>{formatExact(at)}</dd>
        <dt>Record</dt>
        <dd class="mono">
          {showText(position)} of shard {showText(shard)}
        </dd>
        <dt>Kept in</dt>
        <dd class="url-cell">
          {showText(url)}
          <CopyButton text={url} what="address" />
        </dd>
      </dl>
      {id !== null && (
        <div class="dialog-buttons">
          <button
            type="button"
            class="button primary"
            onClick={() => {
              onClose();
              askFor({
                kind: 'redrive-rejects',
                selection: { ids: [id] },
                title: 'Redrive this event',
                onDone,
              });
            }}
          >
            Redrive
          </button>
        </div>
      )}
    </Sheet>
  );
}
