/** Statements as they were sent. */
export function SqlText({ statements }: { statements: readonly string[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than its box has to be scrolled by keyboard too
    <pre class="sql" tabIndex={0}>
      {statements.map((statement) => `${statement};`).join('\n\n')}
    </pre>
  );
}
