import type { EventStatus } from '@millrace/core';
import { useEffect, useState } from 'preact/hooks';
import { count, formatNumber, formatSpan, showText } from '../parts/format.ts';
import { EmptyState, ErrorState, LoadingState } from '../parts/states.tsx';
import { api } from '../state/api.ts';
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
          <Rejects events={events} />
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

function Rejects({ events: { rejects } }: { events: EventStatus }) {
  const sorted = rejects.toSorted((a, b) => b.events - a.events);
  return (
    <section aria-labelledby="rejects-title">
      <div class="section-head">
        <h2 id="rejects-title">Rejected events</h2>
        <span class="quiet">
          kept with their reasons: <code>millrace failures</code> lists them
        </span>
      </div>
      {sorted.length === 0 ? (
        <EmptyState title="No event was rejected" />
      ) : (
        <div class="card table-card">
          <table>
            <thead>
              <tr>
                <th scope="col">Type</th>
                <th scope="col">Reason</th>
                <th scope="col" class="number">
                  Events
                </th>
              </tr>
            </thead>
            <tbody>
              {sorted.map(({ type, code, events }) => (
                <tr key={`${type} ${code}`}>
                  <td class="url-cell">{type === null ? 'no event at all' : showText(type)}</td>
                  <td class="mono">{showText(code)}</td>
                  <td class="number">{formatNumber(events)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
