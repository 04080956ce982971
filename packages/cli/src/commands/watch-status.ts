import { setTimeout as pause } from 'node:timers/promises';
import { LoadError, type StatusReport } from '@millrace/core';
import type { CommandContext } from '../command-context.ts';
import { findRunning, openSession } from '../control/session.ts';
import type { Project } from '../project/project.ts';
import type { LiveScreen } from '../terminal/live-screen.ts';
import { showText } from '../terminal/show-text.ts';
import { statusLine, statusLines } from '../terminal/status-text.ts';
import { formatInstant } from '../terminal/words.ts';

export interface WatchOptions {
  readonly everyMs: number;
  /** A line of JSON per look. */
  readonly json: boolean;
}

/**
 * Shows the status again and again until somebody ends it: drawn over on a terminal, a line per change elsewhere.
 *
 * Where no `up` runs, the state is opened for each look alone: an `up` that is started meanwhile gets it.
 */
export async function watchStatus(
  project: Project,
  { context, everyMs, json }: WatchOptions & { context: CommandContext },
): Promise<void> {
  const { terminal } = context;
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const screen = json ? undefined : terminal.openScreen(process.stdin);
  void screen?.ended.then(() => stop.abort());
  const told = new Map<string, string>();
  try {
    while (!stop.signal.aborted) {
      const look = await lookOnce(project);
      if (stop.signal.aborted) break;
      if (screen !== undefined) showOn(screen, look, everyMs);
      else if (json) terminal.jsonLine(look.kind === 'report' ? look.report : { error: look.sentence });
      else for (const line of newLines(look, told)) terminal.result(`${formatInstant(Date.now())}  ${line}`);
      await pause(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    screen?.close();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

type Look =
  | { readonly kind: 'report'; readonly report: StatusReport; readonly isUp: boolean }
  | { readonly kind: 'failed'; readonly sentence: string };

/** What cannot be found out now is shown, and looked at again: a restart must not end it. */
async function lookOnce(project: Project): Promise<Look> {
  try {
    const running = await findRunning(project);
    if (running !== undefined) return { kind: 'report', report: await running.status(), isUp: true };
    await using session = await openSession(project, { what: 'millrace status', purpose: 'inspect' });
    return { kind: 'report', report: await session.operations.status(), isUp: false };
  } catch (error) {
    if (error instanceof LoadError) return { kind: 'failed', sentence: error.sentence };
    throw error;
  }
}

function showOn(screen: LiveScreen, look: Look, everyMs: number): void {
  const head = `millrace status, every ${everyMs / 1_000} s: ${formatInstant(Date.now())}`;
  const body =
    look.kind === 'failed'
      ? [`it could not be found out: ${showText(look.sentence)}`]
      : [...(look.isUp ? [] : ['`millrace up` is not running here']), ...statusLines(look.report)];
  screen.show([head, '', ...body, '', 'q ends']);
}

/** What has changed since it was told. */
function newLines(look: Look, told: Map<string, string>): readonly string[] {
  const lines: readonly (readonly [string, string])[] =
    look.kind === 'failed'
      ? [['', `it could not be found out: ${showText(look.sentence)}`]]
      : [
          ['', `the warehouse is ${look.report.warehouse.state}${noteOf(look.report.warehouse.note)}`],
          ...Object.entries(look.report.targets).map(
            ([target, status]) => [target, statusLine(target, status)] as const,
          ),
        ];
  const fresh = lines.filter(([key, line]) => told.get(key) !== line);
  for (const [key, line] of fresh) told.set(key, line);
  return fresh.map(([, line]) => line);
}

function noteOf(note: string | null): string {
  return note === null ? '' : `: ${showText(note)}`;
}
