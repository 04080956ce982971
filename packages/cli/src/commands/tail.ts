import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { LoadError } from '@millrace/core';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { Tail } from '../tail/tail.ts';
import { showText } from '../terminal/show-text.ts';

interface TailFlags {
  readonly to: string;
  readonly key?: string;
  readonly type: string;
  readonly source?: string;
  readonly parse: 'text' | 'json';
  readonly from: 'start' | 'end';
  readonly state?: string;
  readonly untilIdle?: boolean;
}

export function addTail(program: Command, context: CommandContext): void {
  program
    .command('tail')
    .description('Follow log files and send each line as an event, until it is stopped.')
    .argument('<files...>', 'files or globs, also such as are not there yet')
    .requiredOption('--to <url>', 'producer that takes the events: http://host:port', readUrl)
    .option('--key <key>', 'API key for it (default: MILLRACE_KEY, which other users do not see)')
    .option('--type <type>', 'type of the events', 'log.line')
    .option('--source <name>', "source of the events (default: this machine's name)")
    .addOption(
      new Option('--parse <how>', 'json: a line that is JSON is the data of its event')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(
      new Option('--from <where>', 'where files that are there at the very first start begin')
        .choices(['start', 'end'])
        .default('start'),
    )
    .option('--state <file>', 'keeps how far each file is sent (default: .millrace/tail.json)')
    .option('--until-idle', 'end when everything that is there is sent')
    .addHelpText(
      'after',
      `
Files are followed when they are renamed, replaced or truncated. A line is sent when its end is written. It is sent
again when nobody knows whether it arrived: under the same id, so that it becomes a row once.

Examples:
  $ millrace tail '/var/log/nginx/*.log' --to http://collector:8080
  $ millrace tail app.log --to https://events.example.com --parse json --type app.log

Exit codes: 0 stopped by a signal or done, 1 it failed, 2 wrong usage.`,
    )
    .action(async (files: readonly string[], flags: TailFlags, command: Command) => {
      await runTail(files, flags, { context, command });
    });
}

async function runTail(
  files: readonly string[],
  { to, key = process.env.MILLRACE_KEY, type, source = hostname(), parse, from, ...flags }: TailFlags,
  { context, command }: { context: CommandContext; command: Command },
): Promise<void> {
  const { terminal, cwd } = context;
  const { dir = '.', json } = context.options(command);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  try {
    const report = await Tail.run(
      {
        patterns: files,
        directory: resolve(cwd, dir),
        statePath: resolve(cwd, dir, flags.state ?? '.millrace/tail.json'),
        fromEnd: from === 'end',
        event: { type, source, parse },
        sender: { url: to, key: key === '' ? undefined : key },
        untilIdle: flags.untilIdle === true,
        onNote: (note) => terminal.note(`tail: ${showText(note)}`),
      },
      stop.signal,
    );
    if (report.refused > 0) context.exitCode = 1;
    if (json) terminal.json(report);
    else terminal.result(`sent ${report.sent} ${report.sent === 1 ? 'line' : 'lines'}`);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  }
}

/** A host alone means its usual path. */
function readUrl(text: string): string {
  if (!/^https?:\/\//u.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('Write http://host:port, or https://host.');
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new LoadError('wrong-usage', '--to has a user or a password in it', {
      class: 'config',
      hint: 'give the key by MILLRACE_KEY',
    });
  }
  if (url.pathname === '/') url.pathname = '/v1/events';
  return url.href;
}
