import { resolve } from 'node:path';
import {
  type CheckResult,
  checkRetention,
  type Examination,
  type MillraceConfig,
  stateFolderOf,
} from '@millrace/core';
import { examineFolder } from './examine-folder.ts';

/** What a configuration names beside its warehouse, its tracker and its objects, each with what looks at it. */
export function examinationsOf(config: MillraceConfig, directory: string): readonly Examination[] {
  const at = (path: string): string => resolve(directory, path);
  const examinations: Examination[] = [];
  const isLocal = config.tracker.kind === 'sqlite' || config.warehouse.kind === 'local';
  if (isLocal) examinations.push(folder('state folder', at(stateFolderOf(config))));
  if (config.objects.kind === 'directory')
    examinations.push(folder('object folder', at(config.objects.path)));
  if (config.objects.kind === 's3') examinations.push(notifications(config));
  if (config.warehouse.kind === 'redshift') examinations.push(role(config));
  if (config.events !== null) examinations.push(stream(config.events.stream));
  return examinations;
}

function folder(check: string, path: string): Examination {
  return { check, examine: async () => examineFolder(check, path) };
}

/** Only when it is asked: who works on one machine does not load the AWS SDK. */
function notifications(config: MillraceConfig): Examination {
  return {
    check: 'notifications',
    examine: async () => (await import('./examine-aws.ts')).examineNotifications(config),
  };
}

function role(config: MillraceConfig): Examination {
  return { check: 'role', examine: async () => (await import('./examine-aws.ts')).examineRole(config) };
}

function stream(place: NonNullable<MillraceConfig['events']>['stream']): Examination {
  return {
    check: 'stream',
    examine: async (): Promise<readonly CheckResult[]> =>
      place.kind === 'embedded'
        ? [checkRetention('stream', place.retentionMs)]
        : (await import('./examine-aws.ts')).examineStream(place),
  };
}
