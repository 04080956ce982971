import { LoadError, type StatementBatch } from '@millrace/core';

/** AWS service model of the Data API: longer names and tokens are refused. */
const MAX_NAME = 2_048;
const MAX_TOKEN = 64;

/** What a statement in a message is cut to. */
const SHOWN_CHARACTERS = 60;

/**
 * Refuses what the Data API would refuse, before anything is sent, and says which statement it is.
 *
 * @throws LoadError `batch-too-large` (class `config`: sending it again would not help) with the way out.
 */
export function checkBatch(
  { name, clientToken, statements }: StatementBatch,
  { maxStatements, maxStatementBytes }: { maxStatements: number; maxStatementBytes: number },
): void {
  if (statements.length === 0) throw tooLarge(`${name}: a batch needs at least one statement`, 'add one');
  if (statements.length > maxStatements) {
    throw tooLarge(
      `${name}: ${statements.length} statements, and the Data API takes ${maxStatements} in a batch`,
      'split them into several transactions',
    );
  }
  if (name.length > MAX_NAME) {
    throw tooLarge(
      `${name.slice(0, SHOWN_CHARACTERS)}…: a name of ${name.length} characters`,
      `use at most ${MAX_NAME}`,
    );
  }
  if (clientToken.length > MAX_TOKEN) {
    throw tooLarge(`${name}: a token of ${clientToken.length} characters`, `use at most ${MAX_TOKEN}`);
  }
  for (const [at, sql] of statements.entries()) {
    const bytes = Buffer.byteLength(sql);
    if (bytes <= maxStatementBytes) continue;
    throw tooLarge(
      `${name}: statement ${at + 1} of ${statements.length} (${shown(sql)}) has ${bytes} bytes, ` +
        `and the Data API takes ${maxStatementBytes}`,
      "lower the target's maxFiles, or list fewer columns",
    );
  }
}

function tooLarge(message: string, hint: string): LoadError {
  return new LoadError('batch-too-large', message, { class: 'config', hint });
}

function shown(sql: string): string {
  const line = sql.replaceAll(/\s+/gu, ' ').trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
