import type { ShapedRow, Transforms } from './apply-transforms.ts';
import { checkRow } from './csv-row.ts';
import { type EventProblem, readEvent, withUsualTime } from './envelope.ts';
import type { RowValues } from './transform.ts';

/** What an event would become. */
export type EventPreview =
  | {
      readonly kind: 'rows';
      readonly id: string;
      readonly type: string;
      readonly rows: readonly { readonly target: string; readonly row: RowValues }[];
    }
  | {
      readonly kind: 'rejected';
      readonly id: string | null;
      readonly type: string | null;
      readonly problem: EventProblem;
    };

/** Takes an event as a sender would send it all the way to its rows, without keeping anything. Id and time may be missing. */
export function previewEvent(
  transforms: Transforms,
  text: string,
  defaults: Parameters<typeof readEvent>[1],
): EventPreview {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const problem = { code: 'event-not-json', reason: (cause as Error).message };
    return { kind: 'rejected', id: null, type: null, problem };
  }
  const reading = readEvent(value, defaults);
  if (reading.kind === 'invalid') return { kind: 'rejected', id: null, type: null, problem: reading.problem };
  const { id, type } = reading.event;
  const applied = transforms.apply(withUsualTime(reading.event));
  if (applied.kind === 'rejected') return { kind: 'rejected', id, type, problem: applied.problem };
  const [problem] = applied.rows.flatMap(({ values }) => checkRow(values) ?? []);
  if (problem !== undefined) return { kind: 'rejected', id, type, problem };
  return { kind: 'rows', id, type, rows: applied.rows.map(toPreview) };
}

function toPreview({ shape, values }: ShapedRow) {
  const row = Object.fromEntries(shape.list.columns.map((column, at) => [column, values[at] ?? null]));
  return { target: shape.target, row };
}
