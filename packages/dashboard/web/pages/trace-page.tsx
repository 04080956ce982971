import type { TracedFile, TraceStep } from '@millrace/core';
import { useState } from 'preact/hooks';
import {
  formatBytes,
  formatExact,
  formatInstant,
  formatNumber,
  sentence,
  showText,
} from '../parts/format.ts';
import { Prose } from '../parts/prose.tsx';
import { SqlText } from '../parts/sql-text.tsx';
import { EmptyState, ErrorState, LoadingState } from '../parts/states.tsx';
import { api } from '../state/api.ts';
import { now } from '../state/live.ts';
import { go, hrefOf } from '../state/router.ts';
import { useAnswer } from '../state/use-answer.ts';

/** The story of one file, from its arrival to its rows. */
export function TracePage({ url }: { url: string }) {
  const [typed, setTyped] = useState(url);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Trace a file</h1>
          <p class="quiet">From its arrival to its rows, or to the reason why it waits.</p>
        </div>
      </div>
      <form
        class="filters filters-page"
        onSubmit={(event) => {
          event.preventDefault();
          go({ page: 'trace', url: typed.trim() });
        }}
      >
        <input
          type="search"
          class="search wide mono"
          placeholder="s3://bucket/key"
          aria-label="Address of the file"
          spellcheck={false}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit" class="button primary">
          Trace
        </button>
      </form>
      {url === '' ? (
        <EmptyState title="Which file?">
          Paste its address; files in quarantine and loads lead here too.
        </EmptyState>
      ) : (
        <Story url={url} />
      )}
    </>
  );
}

function Story({ url }: { url: string }) {
  const { value, error, again, isLoading } = useAnswer((signal) => api.trace(url, signal), url);
  if (value === undefined)
    return error ? <ErrorState error={error} onAgain={again} /> : <LoadingState rows={5} />;
  return (
    <>
      <section class="card trace-summary">
        <p class="lane-text">{sentence(showText(value.summary))}</p>
        <button type="button" class="button" onClick={again} disabled={isLoading}>
          Look again
        </button>
      </section>
      <section class="card">
        <Steps steps={value.steps} />
      </section>
      {value.files.map((file) => (
        <Version key={`${file.target}${file.id}`} file={file} />
      ))}
    </>
  );
}

function Version({ file }: { file: TracedFile }) {
  const { job, evidence } = file;
  return (
    <section class="card">
      <div class="card-head">
        <h2>
          <a href={hrefOf({ page: 'target', target: file.target })}>{file.target}</a>
        </h2>
        <span class="quiet">
          {formatBytes(file.size)}
          {file.isCurrent ? '' : ' · an older version'}
        </span>
      </div>
      <Steps steps={file.steps} />
      {evidence !== null && (
        <div class="evidence-place">
          <p>
            {sentence(showText(evidence.reason))}
            {evidence.line !== null && `, line ${formatNumber(evidence.line)}`}
            {evidence.column !== null && `, column ${showText(evidence.column)}`}
          </p>
          {evidence.rawValue !== null && (
            <div class="evidence-value">
              <mark class="mono">{showText(evidence.rawValue)}</mark>
            </div>
          )}
        </div>
      )}
      {job !== null && job.sql !== null && (
        <details>
          <summary>SQL of job {job.id}</summary>
          <SqlText statements={job.sql} />
        </details>
      )}
    </section>
  );
}

function Steps({ steps }: { steps: readonly TraceStep[] }) {
  return (
    <ol class="steps">
      {steps.map((step, nth) => (
        <li key={`${step.step}${nth}`} class="step" data-mark={step.mark}>
          <span class="step-dot" aria-hidden="true" />
          <div>
            <p class="step-head">
              <strong>{sentence(step.step)}</strong>
              <span class="visually-hidden">, {step.mark}</span>
              {step.at !== null && (
                <time class="quiet" dateTime={step.at} title={formatExact(step.at)}>
                  {formatInstant(step.at, now.value)}
                </time>
              )}
            </p>
            <p>
              <Prose text={step.text} />
            </p>
            {step.todo !== null && (
              <p class="step-todo">
                <Prose text={step.todo} />
              </p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
