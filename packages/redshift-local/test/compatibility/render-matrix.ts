import type { CompatibilityCase, CompatibilitySection } from './compatibility-case.ts';

const INTRODUCTION = `# What redshift-local does

redshift-local plays Amazon Redshift on DuckDB. Every row of these tables is run by
\`packages/redshift-local/test/compatibility.test.ts\`, from which this page is written (\`npx vitest run compatibility -u\`).

- **executed**: as in Redshift.
- **differs**: it runs; the note says what is not as in Redshift.
- **refused**: it fails with the error in the note. Functions that Redshift does not have, or that are not
  done here, fail with its \`function … does not exist\`.

The statements speak of the tables of a ticket seller (venues, events, sales); their definitions are in
\`packages/redshift-local/test/compatibility/compatibility-case.ts\`.
`;

/** The matrix as Markdown: a table for each section, and how many rows have which verdict. */
export function renderMatrix(sections: readonly CompatibilitySection[]): string {
  const all = sections.flatMap(({ cases }) => cases);
  const count = (verdict: CompatibilityCase['verdict']): number =>
    all.filter((row) => row.verdict === verdict).length;
  const totals = `${all.length} statements: ${count('executed')} executed, ${count('differs')} differ, ${count('refused')} refused.\n`;
  return [INTRODUCTION, totals, ...sections.map(renderSection)].join('\n');
}

function renderSection({ title, cases }: CompatibilitySection): string {
  const rows = cases.map(
    ({ shows, sql, verdict, note }) =>
      `| ${cell(shows)} | ${code(sql)} | ${verdict}${note === undefined ? '' : `: ${cell(note)}`} |`,
  );
  return [`## ${title}\n`, '| | statement | |', '|---|---|---|', ...rows, ''].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** SQL on one line of a table; the role is the same everywhere. */
function code(sql: string): string {
  const line = sql
    .replaceAll(/\s+/gu, ' ')
    .replaceAll("iam_role 'arn:aws:iam::123456789012:role/loader'", "iam_role '…'");
  return `\`${cell(line)}\``;
}
