import type { SchemaHistory } from '@millrace/core';
import { showText } from '../terminal/show-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { formatInstant } from '../terminal/words.ts';

/** How tables have become what they are, a line each, newest first. */
export function showSchemaHistory({ migrations, changes }: SchemaHistory, terminal: Terminal): void {
  const lines = [
    ...migrations.map(({ name, at }) => ({ at, text: `migration ${showText(name)}` })),
    ...changes.map(({ at, statement, url, isMade }) => ({
      at,
      text: `${showText(statement)}\n    for ${showText(url)}${isMade ? '' : ' (planned, not made)'}`,
    })),
  ].sort((one, other) => other.at.localeCompare(one.at));
  if (lines.length === 0) {
    terminal.note('no migration was applied, and no table was changed for a file');
    return;
  }
  terminal.result(lines.map(({ at, text }) => `${formatInstant(at)}  ${text}`).join('\n'));
}
