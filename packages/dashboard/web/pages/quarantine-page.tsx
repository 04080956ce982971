import type { FailureEntry } from '@millrace/core';
import { useEffect, useState } from 'preact/hooks';
import { EvidenceSheet } from '../parts/evidence-sheet.tsx';
import { count, formatAgo, formatNumber, sentence, showText } from '../parts/format.ts';
import { EmptyState, ErrorState, LoadingState } from '../parts/states.tsx';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { askFor } from '../state/action.ts';
import { api } from '../state/api.ts';
import { now, quarantined, targets } from '../state/live.ts';
import { go } from '../state/router.ts';
import { usePages } from '../state/use-pages.ts';

/** How long somebody types before the list is asked for. */
const TYPING_MS = 300;

export function QuarantinePage({ target }: { target: string }) {
  const [typed, setTyped] = useState('');
  const [prefix, setPrefix] = useState('');
  const [state, setState] = useState<FailureEntry['state']>('quarantined');
  const [open, setOpen] = useState<FailureEntry | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setPrefix(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const selection = { ...(target === '' ? {} : { target }), ...(prefix === '' ? {} : { prefix }) };
  const filter = { ...selection, state };
  const pages = usePages<FailureEntry>(async (cursor, signal) => {
    const { entries, next } = await api.failures(filter, cursor, signal);
    return { items: entries, next };
  }, JSON.stringify(filter));
  const all =
    target === ''
      ? quarantined.value
      : (targets.value.find((one) => one.target === target)?.quarantined ?? 0);
  // What was put aside, or redriven, since the list was asked for.
  useEffect(() => pages.again(), [all]);
  const isFiltered = target !== '' || prefix !== '';
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Quarantine</h1>
          <p class="quiet">
            {all === 0
              ? 'No file was put aside.'
              : `${count(all, 'file')} put aside${target === '' ? '' : ` of ${target}`}, so that the rest could be loaded.`}
          </p>
        </div>
        {all > 0 && (
          <div class="page-actions">
            <button
              type="button"
              class="button primary"
              onClick={() =>
                askFor({
                  kind: 'redrive',
                  selection,
                  title: isFiltered ? 'Redrive these files' : `Redrive all ${formatNumber(all)}`,
                  onDone: pages.again,
                })
              }
            >
              {isFiltered ? 'Redrive these files' : 'Redrive all'}
            </button>
          </div>
        )}
      </div>
      <div class="filters filters-page">
        <select
          aria-label="Target"
          value={target}
          onChange={(event) => go({ page: 'quarantine', target: event.currentTarget.value })}
        >
          <option value="">All targets</option>
          {targets.value
            .filter((card) => card.quarantined > 0 || card.target === target)
            .map((card) => (
              <option key={card.target} value={card.target}>
                {`${card.target} (${formatNumber(card.quarantined)})`}
              </option>
            ))}
        </select>
        <button
          type="button"
          class="choice"
          aria-pressed={state === 'quarantined'}
          onClick={() => setState('quarantined')}
        >
          Put aside
        </button>
        <button
          type="button"
          class="choice"
          aria-pressed={state === 'waiting'}
          onClick={() => setState('waiting')}
        >
          Failed, and waiting
        </button>
        <input
          type="search"
          class="search wide"
          placeholder="Address begins with s3://…"
          aria-label="Address begins with"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      {pages.error !== undefined && <ErrorState error={pages.error} onAgain={pages.again} />}
      {pages.items.length === 0 ? (
        pages.isLoading ? (
          <LoadingState rows={6} />
        ) : (
          pages.error === undefined && (
            <EmptyState title={isFiltered ? 'No such file' : 'No file here'}>
              A file that cannot be loaded is put aside here, with the line, the column and the value to
              blame.
            </EmptyState>
          )
        )
      ) : (
        <div class="card failure-list">
          <VirtualRows
            items={pages.items}
            keyOf={({ target: owner, url, at }) => `${owner} ${url} ${at}`}
            label="Files that failed"
            onNearEnd={pages.hasMore ? pages.more : undefined}
          >
            {(entry) => <FailureRow entry={entry} onOpen={() => setOpen(entry)} />}
          </VirtualRows>
          {pages.isLoading && <p class="quiet list-foot">One moment…</p>}
        </div>
      )}
      {open !== null && <EvidenceSheet entry={open} onClose={() => setOpen(null)} onDone={pages.again} />}
    </>
  );
}

function FailureRow({ entry, onOpen }: { entry: FailureEntry; onOpen: () => void }) {
  const { url, target, line, column, error, state, at } = entry;
  const place = [line === null ? null : `line ${formatNumber(line)}`, column].filter(Boolean).join(', ');
  return (
    <button type="button" class="failure-row" onClick={onOpen}>
      <span class="failure-file">
        <span class="one-line mono">{showText(nameOf(url))}</span>
        <span class="quiet one-line">{showText(url.slice(0, -nameOf(url).length))}</span>
      </span>
      <span class="failure-why">
        <span class="one-line">{sentence(showText(error))}</span>
        <span class="quiet one-line">
          {state === 'waiting' ? 'waits, and is tried again' : target}
          {place === '' ? '' : ` · ${showText(place)}`}
        </span>
      </span>
      <span class="failure-at quiet">{formatAgo(at, now.value)}</span>
    </button>
  );
}

function nameOf(url: string): string {
  return url.slice(url.lastIndexOf('/', url.length - 2) + 1);
}
