import { type MillraceConfig, parseConfig } from '@millrace/core';

export const TABLES = `
  CREATE TABLE public.log (id VARCHAR(64), at TIMESTAMP, version INTEGER);
  CREATE TABLE public.views (id VARCHAR(64), url VARCHAR(200), at TIMESTAMP);
  CREATE TABLE public.pages (url VARCHAR(200), last_seen TIMESTAMP);`;

export const TARGETS = {
  // Nothing but the seals keeps a row from being there twice.
  'public.log': { mode: 'append' },
  'public.views': {},
  'public.pages': { key: 'url' },
};

/** What events become, and how they are cut into chunks: another one with each version. */
export function settingsOf(version: number): Readonly<Record<string, unknown>> {
  const log = version % 2 === 0 ? { id: '$.id', at: '$.time' } : { id: '$.id', version: '$.data.version' };
  return {
    settle: '20ms',
    events: {
      'page.viewed': [
        { fact: 'public.log', columns: log },
        { fact: 'public.views', columns: { id: '$.id', url: '$.data.url', at: '$.time' } },
        ...(version % 3 === 0
          ? []
          : [{ dimension: 'public.pages', columns: { url: '$.data.url', last_seen: '$.time' } }]),
      ],
    },
    consumer: {
      maxAge: ['5ms', '40ms', '200ms'][version % 3],
      chunkBytes: version % 2 === 0 ? '2KB' : '1MB',
      compression: ['none', 'gzip', 'zstd'][version % 3],
    },
    targets: {
      ...TARGETS,
      ...(version % 3 === 0 ? { 'public.pages': { mode: 'upsert', key: 'url', latestBy: 'last_seen' } } : {}),
    },
  };
}

export function configOf(version: number): MillraceConfig {
  const settings = settingsOf(version);
  if (version % 3 !== 0) return parseConfig(settings, { source: 'crash test' });
  // Chunks of other versions wait for a table that nothing feeds now.
  const { events, targets } = settings as { events: Record<string, unknown[]>; targets: object };
  const unused = [{ dimension: 'public.pages', columns: { url: '$.data.url', last_seen: '$.time' } }];
  return parseConfig({ ...settings, targets, events: { ...events, unused } }, { source: 'crash test' });
}
