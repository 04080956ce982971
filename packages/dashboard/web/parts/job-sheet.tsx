import type { JobEntry } from '@millrace/core';
import { api } from '../state/api.ts';
import { hrefOf } from '../state/router.ts';
import { useAnswer } from '../state/use-answer.ts';
import { CopyButton } from './copy-button.tsx';
import { count, formatBytes, formatExact, formatNumber, formatSpan, showText } from './format.ts';
import { Sheet } from './sheet.tsx';
import { SqlText } from './sql-text.tsx';
import { ErrorState, LoadingState } from './states.tsx';

const MAX_FILES = 500;

/** One load: what was sent to the warehouse, and which files it took. */
export function JobSheet({ job, onClose }: { job: JobEntry; onClose: () => void }) {
  const { value, error, again } = useAnswer((signal) => api.job(job.id, signal), job.id);
  return (
    <Sheet title={`Load of ${job.target}`} onClose={onClose}>
      <dl class="pairs">
        <dt>Job</dt>
        <dd class="mono">{job.id}</dd>
        <dt>Begun</dt>
        <dd>{formatExact(job.submittedAt)}</dd>
        <dt>Took</dt>
        <dd>{formatSpan(job.durationMs)}</dd>
        <dt>Size</dt>
        <dd>
          {count(job.files, 'file')}, {formatBytes(job.bytes)}
        </dd>
        <dt>Rows</dt>
        <dd>{job.rows === null ? 'not known' : formatNumber(job.rows)}</dd>
        <dt>Attempt</dt>
        <dd>{job.attempt}</dd>
      </dl>
      {job.error !== null && <p class="evidence-reason">{showText(job.error)}</p>}
      {value === undefined ? (
        error ? (
          <ErrorState error={error} onAgain={again} />
        ) : (
          <LoadingState rows={3} />
        )
      ) : (
        <>
          <div class="sheet-part">
            <h3>SQL</h3>
            {value.sql !== null && <CopyButton text={value.sql.join(';\n\n')} what="SQL" />}
          </div>
          {value.sql === null ? (
            <p class="quiet">The document of this load is not kept any more.</p>
          ) : (
            <SqlText statements={value.sql} />
          )}
          <div class="sheet-part">
            <h3>Files</h3>
          </div>
          {value.urls === null ? (
            <p class="quiet">Not kept any more.</p>
          ) : (
            <ul class="file-list">
              {value.urls.slice(0, MAX_FILES).map((url) => (
                <li key={url}>
                  <a href={hrefOf({ page: 'trace', url })}>{showText(url)}</a>
                </li>
              ))}
              {value.urls.length > MAX_FILES && (
                <li class="quiet">and {value.urls.length - MAX_FILES} more</li>
              )}
            </ul>
          )}
        </>
      )}
    </Sheet>
  );
}
