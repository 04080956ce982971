import { readFileSync } from 'node:fs';
import { parseConfig } from '@millrace/core';
import { Millrace } from '../src/millrace.ts';

// Loads what waits in a project and tells what it took. Arguments: directory, targets as JSON, and a question in SQL.
const [directory = '', targets = '{}', question = ''] = process.argv.slice(2);

const startedAt = Date.now();
const config = parseConfig({ targets: JSON.parse(targets) }, { source: 'load-child' });
const millrace = await Millrace.open(config, { directory, what: 'deep test' });
await millrace.start();
const { held } = await millrace.untilIdle();
const seconds = (Date.now() - startedAt) / 1_000;
const { rows } = await millrace.query(question);
const { targets: status } = await millrace.status();
await millrace.stop();
const [, peakKiB = 'NaN'] = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
process.stdout.write(
  `${JSON.stringify({ held, rows, status, seconds, peakBytes: Number(peakKiB) * 1_024 })}\n`,
);
