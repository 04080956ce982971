import type { CompatibilityCase } from './compatibility-case.ts';

export const ROLE = "iam_role 'arn:aws:iam::123456789012:role/loader'";
export const VENUES = '1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|0\n';
export const VENUE_ROWS = [
  [1, 'Toyota Park'],
  [2, 'Columbus Crew Stadium'],
];
export const VENUE_CHECK = 'select venueid, venuename from venue order by 1';
const NOTES = 'select id, body from note order by 1';

/** A COPY of the two venues. */
export function venues(
  shows: string,
  options: string,
  object: string | Uint8Array,
  more: Partial<CompatibilityCase> = {},
): CompatibilityCase {
  return {
    shows,
    sql: `copy venue from 's3://lake/venue' ${ROLE}${options === '' ? '' : ` ${options}`}`,
    verdict: 'executed',
    objects: { 'venue.txt': object },
    check: VENUE_CHECK,
    rows: VENUE_ROWS,
    ...more,
  };
}

/** A COPY of notes, whose rows show what became of the text. */
export function notes(
  shows: string,
  options: string,
  object: string | Uint8Array,
  rows: readonly (readonly unknown[])[],
): CompatibilityCase {
  return {
    shows,
    sql: `copy note from 's3://lake/note' ${ROLE}${options === '' ? '' : ` ${options}`}`,
    verdict: 'executed',
    objects: { 'note.txt': object },
    check: NOTES,
    rows,
  };
}
