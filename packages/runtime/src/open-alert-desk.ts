import { hostname } from 'node:os';
import { basename } from 'node:path';
import { openChannels } from '@millrace/aws/webhook';
import type { AlertLine, BrokenLane, Loader, MillraceConfig } from '@millrace/core';
import { AlertDesk } from './alert-desk.ts';
import { addressOf } from './open-postgres.ts';

export interface OpenAlertDeskOptions {
  readonly directory: string;
  readonly broken: () => ReadonlyMap<string, BrokenLane>;
  readonly onError: (where: string, error: unknown) => void;
  readonly writeLine?: ((line: AlertLine) => void) | undefined;
}

/** Who tells of conditions, as configuration says; undefined: nobody is to be told. */
export function openAlertDesk(
  config: MillraceConfig,
  loader: Loader,
  { directory, broken, onError, writeLine = writeToStderr }: OpenAlertDeskOptions,
): AlertDesk | undefined {
  if (config.alerts.length === 0) return undefined;
  const channels = openChannels(config.alerts, {
    env: process.env,
    source: sourceOf(config, directory),
    writeLine,
    onError: (error) => onError('alerts', error),
  });
  return new AlertDesk(loader, { channels, broken, onError });
}

/** What receivers call this Millrace: the same after a restart, and another one's than every other's. */
function sourceOf({ warehouse, environment }: MillraceConfig, directory: string): string {
  const suffix = environment === null ? '' : ` (${environment})`;
  if (warehouse.kind === 'local') return `${hostname()}/${basename(directory)}${suffix}`;
  if (warehouse.kind === 'postgres') {
    const { host, database } = addressOf(warehouse);
    return `${host}/${database}${suffix}`;
  }
  const { address, database } = warehouse;
  return `${'cluster' in address ? address.cluster : address.workgroup}/${database}${suffix}`;
}

function writeToStderr(line: AlertLine): void {
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
