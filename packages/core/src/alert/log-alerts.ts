import type { Alerts, Condition } from '../ports/alerts.ts';
import type { EpochMs } from '../ports/time.ts';

/** What a log line of an alert holds: one flat JSON object. */
export interface AlertLine {
  readonly alert: 'raised' | 'recovered';
  readonly key: string;
  readonly kind: Condition['kind'];
  readonly severity: Condition['severity'];
  readonly title: string;
  readonly text: string;
  readonly target: string | null;
  readonly hint: string | null;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly at: string;
}

export function toAlertLine(
  condition: Condition,
  { alert, now }: { alert: AlertLine['alert']; now: EpochMs },
): AlertLine {
  const { key, kind, severity, title, text, target, hint, since } = condition;
  const instants = { since: new Date(since).toISOString(), at: new Date(now).toISOString() };
  return { alert, key, kind, severity, title, text, target, hint, ...instants };
}

/** Alerts as structured lines of a log. */
export class LogAlerts implements Alerts {
  readonly #write: (line: AlertLine) => void;

  constructor(write: (line: AlertLine) => void) {
    this.#write = write;
  }

  async raise(condition: Condition, { now }: { now: EpochMs }): Promise<void> {
    this.#write(toAlertLine(condition, { alert: 'raised', now }));
  }

  async recover(condition: Condition, { now }: { now: EpochMs }): Promise<void> {
    this.#write(toAlertLine(condition, { alert: 'recovered', now }));
  }
}
