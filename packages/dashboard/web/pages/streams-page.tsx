import type { EventStatus, EventTypeStatus } from '@millrace/core';
import { useEffect, useState } from 'preact/hooks';
import { count, formatExact, formatNumber, formatSpan, showText } from '../parts/format.ts';
import { RejectList } from '../parts/reject-list.tsx';
import { EmptyState, ErrorState, LoadingState } from '../parts/states.tsx';
import { api } from '../state/api.ts';
import { hrefOf } from '../state/router.ts';
import { useAnswer } from '../state/use-answer.ts';

/** Lag moves while somebody looks at it. */
const REFRESH_MS = 2_000;
/** An event is in a file of rows within the consumer's age; a shard that is further behind is not kept up with. */
const BEHIND_MS = 60_000;

/** How far the event stream is consumed, and what became no rows. */
export function StreamsPage() {
  const [step, setStep] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setStep((old) => old + 1), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const { value, error, again } = useAnswer((signal) => api.status(signal), String(step), { keepsOld: true });
  const events = value?.events;
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Streams</h1>
          {events !== undefined && (
            <p class="quiet">
              {showText(events.stream)}, {count(events.shards.length, 'shard')}
            </p>
          )}
        </div>
      </div>
      {value === undefined ? (
        error ? (
          <ErrorState error={error} onAgain={again} />
        ) : (
          <LoadingState />
        )
      ) : events === undefined ? (
        <EmptyState title="No event stream">
          Write what events become under <code>events</code> in the configuration, and post them to this
          server.
        </EmptyState>
      ) : (
        <>
          <Shards events={events} />
          <Types events={events} />
          <RejectList rejects={events.rejects} />
        </>
      )}
    </>
  );
}

function Shards({ events: { shards } }: { events: EventStatus }) {
  return (
    <section aria-labelledby="shards-title">
      <div class="section-head">
        <h2 id="shards-title">Lag</h2>
        <span class="quiet">how far behind the newest event its consumer is</span>
      </div>
      {shards.length === 0 ? (
        <EmptyState title="No shard yet">The first event makes one.</EmptyState>
      ) : (
        <div class="card table-card">
          <table>
            <thead>
              <tr>
                <th scope="col">Shard</th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Behind
                </th>
              </tr>
            </thead>
            <tbody>
              {shards.map(({ shard, millisBehindLatest }) => (
                <tr key={shard}>
                  <td class="mono">{showText(shard)}</td>
                  <td>
                    <span class="mark" data-tone={millisBehindLatest > BEHIND_MS ? 'late' : 'good'}>
                      {millisBehindLatest > BEHIND_MS ? 'Behind' : 'Keeps up'}
                    </span>
                  </td>
                  <td class="number">{formatSpan(millisBehindLatest)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Types({ events: { types, countedSince } }: { events: EventStatus }) {
  return (
    <section aria-labelledby="types-title">
      <div class="section-head">
        <h2 id="types-title">Event types</h2>
        <span class="quiet">
          {countedSince === null
            ? 'consumed by another process, which counts them for itself'
            : `counted since ${formatExact(countedSince)}, when this process began`}
        </span>
      </div>
      {types.length === 0 ? (
        <EmptyState title="No type is configured">
          Write what events become under <code>events</code> in the configuration.
        </EmptyState>
      ) : (
        <div class="card table-card">
          <table class="types-table">
            <thead>
              <tr>
                <th scope="col">Type</th>
                <th scope="col">Becomes</th>
                <th scope="col" class="number">
                  Consumed
                </th>
                <th scope="col" class="number">
                  Rejected
                </th>
              </tr>
            </thead>
            <tbody>
              {types.map((one) => (
                <tr key={one.type ?? ''}>
                  <td class="url-cell type-cell">{one.type === null ? 'any other' : showText(one.type)}</td>
                  <td>
                    <Becomes type={one} />
                  </td>
                  <td class="number">{countedSince === null ? '–' : formatNumber(one.consumed)}</td>
                  <td class="number">{countedSince === null ? '–' : formatNumber(one.rejected)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** What a mapping says; of a function, where its rows went. */
function Becomes({ type: { type, becomes, rows } }: { type: EventTypeStatus }) {
  if (type === null) return <span class="quiet">nothing: no transform takes it</span>;
  const made: readonly { target: string; columns?: readonly string[] }[] =
    becomes ?? Object.keys(rows).map((target) => ({ target }));
  return (
    <>
      {becomes === null && (
        <span class="quiet type-row">
          {made.length === 0 ? 'what a function makes of it' : 'what a function makes of it; so far'}
        </span>
      )}
      {made.map(({ target, columns }, nth) => (
        <span key={`${target} ${nth}`} class="type-row">
          <a href={hrefOf({ page: 'target', target })}>{showText(target)}</a>{' '}
          {columns !== undefined && <span class="quiet">{columns.map(showText).join(', ')}</span>}
          {columns === undefined && <span class="quiet">{count(rows[target] ?? 0, 'row')}</span>}
        </span>
      ))}
    </>
  );
}
