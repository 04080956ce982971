import type { JobEntry, TargetCard } from '@millrace/core';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CopyButton } from '../parts/copy-button.tsx';
import {
  count,
  formatAgo,
  formatBytes,
  formatExact,
  formatIn,
  formatInstant,
  formatNumber,
  formatShort,
  formatSpan,
  sentence,
  showText,
} from '../parts/format.ts';
import { JobChart } from '../parts/job-chart.tsx';
import { JobSheet } from '../parts/job-sheet.tsx';
import { Freshness, StateMark } from '../parts/state-mark.tsx';
import { EmptyState, ErrorState, LoadingState } from '../parts/states.tsx';
import { WaitingFiles } from '../parts/waiting-files.tsx';
import { askFor } from '../state/action.ts';
import { api } from '../state/api.ts';
import { board, cards, now } from '../state/live.ts';
import { hrefOf } from '../state/router.ts';
import { useAnswer } from '../state/use-answer.ts';

const JOBS = 100;

export function TargetPage({ target }: { target: string }) {
  const card = cards.value.get(target);
  if (board.value === undefined) return <LoadingState rows={6} />;
  if (card === undefined) {
    return (
      <EmptyState title="No such target">
        The configuration does not name <code>{showText(target)}</code>. <a href="#/">All targets</a>
      </EmptyState>
    );
  }
  return (
    <>
      <Head card={card} />
      <Facts card={card} />
      <Jobs card={card} />
      <WaitingFiles card={card} />
    </>
  );
}

function Head({ card }: { card: TargetCard }) {
  const { target, job } = card;
  const isPaused = card.health === 'paused' && card.state !== 'held';
  return (
    <div class="page-head">
      <div>
        <p class="crumb">
          <a href="#/">Targets</a>
        </p>
        <h1>{target}</h1>
      </div>
      <div class="page-actions">
        {job !== null && card.state === 'running' && (
          <button
            type="button"
            class="button"
            onClick={() => askFor({ kind: 'cancel', target, job, title: 'End the load' })}
          >
            End the load
          </button>
        )}
        {card.freshnessMs !== null && (
          <button
            type="button"
            class="button"
            onClick={() => askFor({ kind: 'reconcile', target, title: 'Reconcile' })}
          >
            Reconcile
          </button>
        )}
        {card.freshnessMs !== null && (
          <button
            type="button"
            class={isPaused ? 'button primary' : 'button'}
            onClick={() =>
              askFor(
                isPaused
                  ? { kind: 'resume', target, title: 'Resume' }
                  : { kind: 'pause', target, title: 'Pause' },
              )
            }
          >
            {isPaused ? 'Resume' : 'Pause'}
          </button>
        )}
      </div>
    </div>
  );
}

function Facts({ card }: { card: TargetCard }) {
  const at = now.value;
  return (
    <section class="card lane" aria-label="Lane">
      <div class="lane-words">
        <StateMark card={card} />
        <p class="lane-text">{sentence(showText(card.text))}</p>
        <p class="quiet lane-when">
          {card.since !== null && <span>since {formatInstant(card.since, at)}</span>}
          {card.nextAt !== null && (
            <span>{`${card.state === 'held' ? 'looks again' : 'due'} ${formatIn(card.nextAt, at)}`}</span>
          )}
          {card.code !== null && <code>{card.code}</code>}
        </p>
      </div>
      <dl class="facts">
        <div>
          <dt>Freshness</dt>
          <dd>
            <Freshness card={card} />
          </dd>
        </div>
        <div>
          <dt>Waiting</dt>
          <dd>{formatNumber(card.waiting)}</dd>
        </div>
        <div>
          <dt>Quarantined</dt>
          <dd>
            {card.quarantined === 0 ? (
              '0'
            ) : (
              <a href={hrefOf({ page: 'quarantine', target: card.target })}>
                {formatNumber(card.quarantined)}
              </a>
            )}
          </dd>
        </div>
        <div>
          <dt>Rows loaded</dt>
          <dd>{formatNumber(card.rows)}</dd>
        </div>
        <div>
          <dt>Files loaded</dt>
          <dd>{formatNumber(card.loaded)}</dd>
        </div>
        <div>
          <dt>Last loaded</dt>
          <dd>{card.lastLoadedAt === null ? 'never' : formatAgo(card.lastLoadedAt, at)}</dd>
        </div>
        <div>
          <dt>A load takes</dt>
          <dd>{card.loadMs === null ? '–' : formatSpan(card.loadMs)}</dd>
        </div>
        <div>
          <dt>Mode</dt>
          <dd>{card.mode ?? 'not configured'}</dd>
        </div>
      </dl>
    </section>
  );
}

function Jobs({ card }: { card: TargetCard }) {
  const [open, setOpen] = useState<JobEntry | null>(null);
  // A job that begins or ends moves one of these.
  const key = `${card.job}/${card.lastLoadedAt}/${card.state}`;
  const { value, error, again } = useAnswer((signal) => api.jobs(card.target, JOBS, signal), key, {
    keepsOld: true,
  });
  const last = useRef<readonly JobEntry[] | undefined>(undefined);
  useEffect(() => {
    last.current = value;
  }, [value]);
  const charts = useMemo(() => {
    const ended = (value ?? []).filter(({ state }) => state === 'loaded').toReversed();
    return {
      times: ended.map(({ submittedAt }) => Date.parse(submittedAt) / 1_000),
      files: ended.map(({ files }) => files),
      seconds: ended.map(({ durationMs }) => durationMs),
    };
  }, [value]);
  if (value === undefined) return error ? <ErrorState error={error} onAgain={again} /> : <LoadingState />;
  return (
    <>
      {charts.times.length > 1 && (
        <div class="job-charts">
          <section class="card" aria-labelledby="files-title">
            <h2 id="files-title">Files per load</h2>
            <JobChart
              times={charts.times}
              values={charts.files}
              format={formatShort}
              label="Files per load"
            />
          </section>
          <section class="card" aria-labelledby="time-title">
            <h2 id="time-title">Time per load</h2>
            <JobChart
              times={charts.times}
              values={charts.seconds}
              format={formatSpan}
              label="Time per load"
            />
          </section>
        </div>
      )}
      <section aria-labelledby="jobs-title">
        <div class="section-head">
          <h2 id="jobs-title">Loads</h2>
          <span class="quiet">
            {value.length === JOBS ? `the last ${JOBS}` : count(value.length, 'load')}
          </span>
        </div>
        {value.length === 0 ? (
          <EmptyState title="Nothing was loaded yet">
            The first file that arrives makes the first load.
          </EmptyState>
        ) : (
          <div class="card table-card">
            <table>
              <thead>
                <tr>
                  <th scope="col">Begun</th>
                  <th scope="col">State</th>
                  <th scope="col" class="number">
                    Took
                  </th>
                  <th scope="col" class="number">
                    Files
                  </th>
                  <th scope="col" class="number">
                    Size
                  </th>
                  <th scope="col" class="number">
                    Rows
                  </th>
                  <th scope="col">Job</th>
                </tr>
              </thead>
              <tbody>
                {value.map((job) => (
                  <JobRow key={job.id} job={job} onOpen={() => setOpen(job)} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {open !== null && <JobSheet job={open} onClose={() => setOpen(null)} />}
    </>
  );
}

const JOB_TONES = { loaded: 'good', failed: 'bad', running: 'work' } as const;
const JOB_WORDS = { loaded: 'Loaded', failed: 'Failed', running: 'Running' } as const;

function JobRow({ job, onOpen }: { job: JobEntry; onOpen: () => void }) {
  return (
    <tr>
      <td>
        <time dateTime={job.submittedAt} title={formatExact(job.submittedAt)}>
          {formatInstant(job.submittedAt, now.value)}
        </time>
      </td>
      <td>
        <span class="mark" data-tone={JOB_TONES[job.state]}>
          {JOB_WORDS[job.state]}
        </span>
        {job.error !== null && <span class="job-error quiet">{showText(job.error)}</span>}
      </td>
      <td class="number">{formatSpan(job.durationMs)}</td>
      <td class="number">{formatNumber(job.files)}</td>
      <td class="number">{formatBytes(job.bytes)}</td>
      <td class="number">{job.rows === null ? '–' : formatNumber(job.rows)}</td>
      <td class="job-cell">
        <button
          type="button"
          class="link-button mono"
          onClick={onOpen}
          aria-label={`…${job.id.slice(-8)}: show the load`}
        >
          …{job.id.slice(-8)}
        </button>
        <CopyButton text={job.id} what="id" />
      </td>
    </tr>
  );
}
