import type { TargetCard, WaitingFile } from '@millrace/core';
import { useEffect } from 'preact/hooks';
import { api } from '../state/api.ts';
import { now } from '../state/live.ts';
import { hrefOf } from '../state/router.ts';
import { usePages } from '../state/use-pages.ts';
import { formatAgo, formatBytes, formatNumber, showText } from './format.ts';
import { ErrorState } from './states.tsx';

/** The line of a target, the oldest first. */
export function WaitingFiles({ card }: { card: TargetCard }) {
  const pages = usePages<WaitingFile>(async (cursor, signal) => {
    const { files, next } = await api.waiting(card.target, cursor, signal);
    return { items: files, next };
  }, card.target);
  const waits = card.waiting + card.loading;
  useEffect(() => pages.again(), [waits]);
  if (waits === 0 && pages.items.length === 0) return null;
  return (
    <section aria-labelledby="waiting-title">
      <div class="section-head">
        <h2 id="waiting-title">In line</h2>
        <span class="quiet">{formatNumber(waits)}, the oldest first</span>
      </div>
      <div class="card table-card">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col">Arrived</th>
            </tr>
          </thead>
          <tbody>
            {pages.items.map((file) => (
              <tr key={`${file.url}${file.arrivedAt}`}>
                <td class="url-cell">
                  <a href={hrefOf({ page: 'trace', url: file.url })}>{showText(file.url)}</a>
                  {file.error !== null && <span class="job-error quiet">{showText(file.error)}</span>}
                </td>
                <td class="number">{formatBytes(file.size)}</td>
                <td>{formatAgo(file.arrivedAt, now.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {pages.error !== undefined && <ErrorState error={pages.error} onAgain={pages.again} />}
        {pages.hasMore && (
          <button type="button" class="button more" disabled={pages.isLoading} onClick={pages.more}>
            {pages.isLoading ? 'One moment…' : 'Show more'}
          </button>
        )}
      </div>
    </section>
  );
}
