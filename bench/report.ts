import { type Figure, formatBound, formatNumber, verdictOf } from './figure.ts';

/** A run with what it was made on. */
export interface Report {
  readonly machine: string;
  readonly rounds: number;
  readonly figures: readonly Figure[];
}

/** One figure on one line of a terminal. */
export function lineOf(figure: Figure): string {
  const { name, value, unit, bound, detail } = figure;
  const columns = [
    verdictOf(figure).padEnd(4),
    name.padEnd(38),
    `${formatNumber(value)} ${unit}`.padEnd(21),
    formatBound(bound).padEnd(8),
    detail,
  ];
  return `${columns.join('  ').trimEnd()}\n`;
}

/** For programs: every figure with its verdict. */
export function jsonOf({ machine, rounds, figures }: Report): string {
  const judged = figures.map((figure) => ({ ...figure, verdict: verdictOf(figure) }));
  return `${JSON.stringify({ machine, rounds, figures: judged }, null, 2)}\n`;
}

/** For docs/benchmarks.md. */
export function markdownOf({ machine, rounds, figures }: Report): string {
  const rows = figures.map((figure) => {
    const { name, value, unit, bound, detail } = figure;
    const cells = [name, `${formatNumber(value)} ${unit}`, formatBound(bound), verdictOf(figure), detail];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `${machine}. Medians of ${rounds} rounds; of more where a round takes milliseconds.`,
    '',
    '| | measured | bound | | made of |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
