import type { FailureEntry } from '@millrace/core';
import { askFor } from '../state/action.ts';
import { hrefOf } from '../state/router.ts';
import { CopyButton } from './copy-button.tsx';
import { formatExact, formatNumber, sentence, showText } from './format.ts';
import { Prose } from './prose.tsx';
import { Sheet } from './sheet.tsx';

/** Why a file failed, and what to do. */
export function EvidenceSheet({
  entry,
  onClose,
  onDone,
}: {
  entry: FailureEntry;
  onClose: () => void;
  onDone: () => void;
}) {
  const { url, target, line, column, rawValue, error, hint, code, state, at } = entry;
  return (
    <Sheet title={state === 'quarantined' ? 'Quarantined file' : 'Failed, and waits'} onClose={onClose}>
      <p class="evidence-url mono">
        {showText(url)}
        <CopyButton text={url} what="address" />
      </p>
      <p class="evidence-reason">{sentence(showText(error))}</p>
      {(line !== null || column !== null || rawValue !== null) && (
        <div class="evidence-place">
          <dl>
            {line !== null && (
              <div>
                <dt>Line</dt>
                <dd>{formatNumber(line)}</dd>
              </div>
            )}
            {column !== null && (
              <div>
                <dt>Column</dt>
                <dd class="mono">{showText(column)}</dd>
              </div>
            )}
          </dl>
          {rawValue !== null && (
            <div class="evidence-value">
              <span class="quiet">Value</span>
              <mark class="mono">{rawValue === '' ? '(empty)' : showText(rawValue)}</mark>
            </div>
          )}
        </div>
      )}
      {hint !== null && (
        <div class="evidence-hint">
          <h3>What to do</h3>
          <p>
            <Prose text={hint} />
          </p>
        </div>
      )}
      <dl class="pairs">
        <dt>Target</dt>
        <dd>
          <a href={hrefOf({ page: 'target', target })}>{target}</a>
        </dd>
        <dt>Since</dt>
        <dd>{formatExact(at)}</dd>
        <dt>Code</dt>
        <dd class="mono">{showText(code)}</dd>
      </dl>
      <div class="dialog-buttons">
        <a class="button" href={hrefOf({ page: 'trace', url })}>
          Trace
        </a>
        {state === 'quarantined' && (
          <button
            type="button"
            class="button primary"
            onClick={() => {
              onClose();
              askFor({
                kind: 'redrive',
                selection: { target, urls: [url] },
                title: 'Redrive this file',
                onDone,
              });
            }}
          >
            Redrive
          </button>
        )}
      </div>
    </Sheet>
  );
}
