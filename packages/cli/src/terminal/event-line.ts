import type { LoaderEvent } from '@millrace/core';
import { showText } from './show-text.ts';
import type { Terminal } from './terminal.ts';
import { count, formatBytes, formatSpan } from './words.ts';

/**
 * One line for what happened, for the log of `up`; null for what is no news of its own (files that arrived, a job that
 * was submitted: their load or their failure follows).
 */
export function eventLine(event: LoaderEvent, terminal: Terminal): string | null {
  const line = wordsOf(event);
  if (line === null) return null;
  const { verdict, text, isGood } = line;
  const styled = isGood ? terminal.styleResult('green', verdict) : terminal.styleNote(['red'], verdict);
  return `${stamp(event.at, terminal)}  ${event.target}  ${styled} ${text}`;
}

/** Whether a line is a result (a load) or something that a person has to look at. */
export function isGoodNews(event: LoaderEvent): boolean {
  return event.kind === 'table-loaded' || event.kind === 'warehouse-back';
}

function wordsOf(event: LoaderEvent): { verdict: string; text: string; isGood: boolean } | null {
  switch (event.kind) {
    case 'table-loaded': {
      const { files, bytes, submittedAt } = event.job;
      const rows = event.rows === null ? [] : [count(event.rows, 'row')];
      const parts = [count(files, 'file'), ...rows, formatBytes(bytes)].join(', ');
      return { verdict: 'loaded', text: `${parts} in ${formatSpan(event.at - submittedAt)}`, isGood: true };
    }
    case 'file-aside':
      return {
        verdict: event.status,
        text: `${showText(event.file.url)}: ${evidenceText(event.evidence)}`,
        isGood: false,
      };
    case 'job-failed':
      return {
        verdict: 'failed',
        text: `load of ${count(event.job.files, 'file')}: ${reasonOf(event)} [${event.code}]`,
        isGood: false,
      };
    case 'table-changed':
      return {
        verdict: 'changed',
        text: `${showText(event.statement)} for ${showText(event.fileUrl)}`,
        isGood: true,
      };
    case 'lane-held':
      return {
        verdict: 'held',
        text: `${reasonOf(event)} [${event.code}]; looks again in ${formatSpan(event.until - event.at)}`,
        isGood: false,
      };
    case 'warehouse-held': {
      const how = event.isOverdue ? 'still away' : 'away';
      const text = `the warehouse is ${how}, all targets wait: ${showText(event.reason)}`;
      const age = event.isOverdue ? `; for ${formatSpan(event.at - event.since)}` : '';
      return { verdict: 'held', text: `${text}${age}`, isGood: false };
    }
    case 'warehouse-back':
      return {
        verdict: 'back',
        text: `the warehouse was away for ${formatSpan(event.at - event.since)}`,
        isGood: true,
      };
    case 'files-waiting':
    case 'job-submitted':
      return null;
  }
}

/** Why a file was not loaded, as the tracker keeps it or as `failures` tells it. */
export interface Trouble {
  readonly code: string;
  readonly reason: string;
  readonly line?: number | null;
  readonly column?: string | null;
  readonly rawValue?: string | null;
  readonly hint?: string | null;
}

/** `line 3, column delay: Invalid digit (value 'abc') [1207]; correct the number`: as much of it as is known. */
export function evidenceText({ code, reason, line, column, rawValue, hint }: Trouble): string {
  const places = [
    ...(line == null ? [] : [`line ${line}`]),
    ...(column == null || column === '' ? [] : [`column ${column}`]),
  ];
  const place = places.length === 0 ? '' : `${places.join(', ')}: `;
  const value = rawValue == null || rawValue === '' ? '' : ` (value '${showText(rawValue)}')`;
  const fix = hint == null || hint === '' ? '' : `; ${hint}`;
  return `${place}${reasonOf({ code, reason })}${value} [${code}]${fix}`;
}

/**
 * What a load's guards found. A guard stops its transaction by a cast that fails, and how the warehouse words that is
 * the mechanism, not the reason; `--json` has that text.
 */
const GUARD_REASONS: ReadonlyMap<string, string> = new Map([
  ['guard-already-loaded', 'the receipts refused it: one of its files is loaded already'],
  ['guard-replaced', 'the receipts refused it: the loads that it would replace have changed'],
  ['guard-rewritten', 'the receipts refused it: another version of one of its files is loaded already'],
  [
    'guard-before-horizon',
    'the receipts refused it: one of its files is older than the receipts that were pruned',
  ],
  ['guard-void', 'the receipts refused it: this attempt was given up before'],
  ['guard-repeated-file', 'its own list refused it: it names one file twice'],
]);

/** The reason of a failure as people are told it. */
export function reasonOf({ code, reason }: Pick<Trouble, 'code' | 'reason'>): string {
  return GUARD_REASONS.get(code) ?? showText(reason);
}

/** The time of day for who watches, the instant for who reads the log tomorrow. */
function stamp(at: number, { showsProgress }: Terminal): string {
  if (showsProgress) return new Date(at).toTimeString().slice(0, 8);
  return new Date(at).toISOString().replace(/\.\d+Z$/u, 'Z');
}
