import type { CheckResult } from '../../ports/doctor.ts';
import { LoadError } from '../../recover/load-error.ts';

export function passes(check: string, detail: string): CheckResult {
  return { check, status: 'pass', detail, fix: null };
}

export function warns(check: string, detail: string, fix: string): CheckResult {
  return { check, status: 'warn', detail, fix };
}

export function fails(check: string, detail: string, fix: string): CheckResult {
  return { check, status: 'fail', detail, fix };
}

/** A failure as a finding: its own hint is the fix. */
export function failsBy(check: string, error: unknown, fix = 'mend what the message names'): CheckResult {
  if (error instanceof LoadError) return fails(check, error.message, error.hint ?? fix);
  return fails(check, error instanceof Error ? error.message : String(error), fix);
}
