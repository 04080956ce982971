import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type EventPreview, LoadError, previewEvent } from '@millrace/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { showText } from '../terminal/show-text.ts';
import { count } from '../terminal/words.ts';

/** What JSON shows of a value that it has no words for. */
const shown = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

export function addTransform(program: Command, context: CommandContext): void {
  program
    .command('transform')
    .description('Show what events would become, without storing or loading anything.')
    .argument('<file>', 'events, one JSON object per line')
    .option('--dry-run', 'shows only; there is no other way to run it')
    .addHelpText(
      'after',
      `
An event without an id or a time gets one, as the producer would give it.

Examples:
  $ millrace transform --dry-run events.ndjson
  $ millrace transform --dry-run events.ndjson --json | jq 'select(.kind == "rejected")'

Exit codes: 0 every event becomes rows, 1 some would be rejected, 2 wrong usage or configuration.`,
    )
    .action(async (path: string, _: unknown, command: Command) => {
      const { config } = await context.project(command);
      if (config.events === null) {
        throw new LoadError('wrong-usage', 'the configuration says nothing of events', {
          hint: "write what they become under 'events'",
        });
      }
      const { transforms } = config.events;
      const { terminal } = context;
      const isJson = context.options(command).json === true;
      const tally = { events: 0, rows: 0, rejected: 0, targets: new Set<string>() };
      for await (const { line, number } of linesOf(path)) {
        const preview = previewEvent(transforms, line, {
          id: () => `line-${number}`,
          time: () => new Date().toISOString(),
        });
        tally.events += 1;
        if (preview.kind === 'rejected') tally.rejected += 1;
        else {
          tally.rows += preview.rows.length;
          for (const { target } of preview.rows) tally.targets.add(target);
        }
        if (isJson) terminal.result(JSON.stringify({ line: number, ...preview }, shown));
        else terminal.result(previewText(preview, number));
      }
      const { events, rows, targets, rejected } = tally;
      const made = `${count(events, 'event')}: ${count(rows, 'row')} of ${count(targets.size, 'table')}`;
      terminal.note(rejected === 0 ? made : `${made}, ${rejected} rejected`);
      if (rejected > 0) context.exitCode = 1;
    });
}

function previewText(preview: EventPreview, line: number): string {
  const { id, type, kind } = preview;
  const head = `line ${line}: ${showText(type ?? 'no type')} ${showText(id ?? 'no id')}`;
  if (kind === 'rejected') {
    const { code, reason } = preview.problem;
    return `${head}\n  rejected, ${code}: ${showText(reason)}`;
  }
  if (preview.rows.length === 0) return `${head}\n  no row`;
  const rows = preview.rows.map(({ target, row }) => {
    const columns = Object.entries(row).map(
      ([column, value]) => `${column}=${showText(JSON.stringify(value, shown) ?? 'null')}`,
    );
    return `  ${target}  ${columns.join(' ')}`;
  });
  return [head, ...rows].join('\n');
}

async function* linesOf(path: string): AsyncGenerator<{ line: string; number: number }> {
  let number = 0;
  try {
    for await (const line of createInterface({
      input: createReadStream(path),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      number += 1;
      if (line.trim() !== '') yield { line, number };
    }
  } catch (cause) {
    throw new LoadError('wrong-usage', `the events ${path} cannot be read: ${(cause as Error).message}`, {
      hint: 'name a file with a JSON object per line',
      cause,
    });
  }
}
