import type { InferredTable } from '../infer/inferred-table.ts';
import { AWS_ENVIRONMENT, awsModuleLines } from './aws-environment.ts';
import type { NewProject } from './plan-project.ts';

const TARGET = 'public.page_views';

const MIGRATION = `-- A fact: every event adds its row once, however often it is sent.
CREATE TABLE public.page_views (
  id        VARCHAR(256) NOT NULL, -- the event's
  viewed_at TIMESTAMPTZ,           -- the event's time
  url       VARCHAR(2048),
  visitor   VARCHAR(256),
  millis    INTEGER                -- how long the page took
);

-- A dimension: the latest event of a visitor wins.
CREATE TABLE public.visitors (
  visitor VARCHAR(256) NOT NULL,
  seen_at TIMESTAMPTZ,
  country VARCHAR(8)
);
`;

/** Ids of their own: sent again, they add nothing. */
const SAMPLE = [
  ['1', '2026-11-20T08:00:00Z', { url: '/', visitor: 'ada', country: 'GB', millis: 41 }],
  ['2', '2026-11-20T08:00:07Z', { url: '/pricing', visitor: 'ada', country: 'GB', millis: 63 }],
  ['3', '2026-11-20T08:01:30Z', { url: '/', visitor: 'lin', country: 'CN', millis: 38 }],
] as const;

function sampleText(): string {
  const lines = SAMPLE.map(([id, time, data]) => {
    return JSON.stringify({ id: `sample-${id}`, type: 'page.viewed', time, data });
  });
  return `${lines.join('\n')}\n`;
}

/** The files of a project that takes events over HTTP and makes rows of them. */
export function planEventsProject({ asJson, onAws }: { asJson: boolean; onAws: boolean }): NewProject {
  const table: InferredTable = {
    columns: [],
    format: { kind: 'csv' },
    copy: null,
    rows: SAMPLE.length,
    isWhole: true,
    warnings: [],
  };
  const config = asJson
    ? { path: 'millrace.config.json', content: { text: renderJson(onAws) } }
    : { path: 'millrace.config.ts', content: { text: renderModule(onAws) } };
  return {
    target: TARGET,
    table,
    next: [
      'millrace up --http-port 8080',
      "curl http://127.0.0.1:8080/v1/events -H 'content-type: application/x-ndjson' --data-binary @events/sample.ndjson",
      `millrace query 'SELECT * FROM ${TARGET}'`,
    ],
    files: [
      config,
      { path: 'migrations/0001_create_page_views.sql', content: { text: MIGRATION } },
      { path: 'events/sample.ndjson', content: { text: sampleText() } },
      { path: '.gitignore', content: { text: '.millrace/\n' } },
    ],
  };
}

function renderModule(onAws: boolean): string {
  return [
    "import { defineConfig, directory, tables, transform } from 'millrace';",
    '',
    '// What the compiler checks the rows against.',
    'const { fact, dimension } = tables<{',
    "  'public.page_views': { id: string; viewed_at: string; url: string; visitor: string; millis: number };",
    "  'public.visitors': { visitor: string; seen_at: string; country: string };",
    '}>();',
    '',
    'interface PageView {',
    '  url: string;',
    '  visitor: string;',
    '  country: string;',
    '  millis: number;',
    '}',
    '',
    'export default defineConfig({',
    '  // Plays S3: files of rows are made here.',
    "  objects: directory({ path: 'objects' }),",
    ...(onAws ? awsModuleLines() : []),
    '  targets: {',
    "    'public.page_views': { mode: 'insert-only', key: 'id', freshness: '5s' },",
    "    'public.visitors': { mode: 'upsert', key: 'visitor', latestBy: 'seen_at', freshness: '5s' },",
    '  },',
    '  events: {',
    "    'page.viewed': transform<PageView>(({ id, time, data: { url, visitor, country, millis } }) => [",
    "      fact('public.page_views', { id, viewed_at: time, url, visitor, millis }),",
    "      dimension('public.visitors', { visitor, seen_at: time, country }),",
    '    ]),',
    '  },',
    '});',
    '',
  ].join('\n');
}

function renderJson(onAws: boolean): string {
  const config = {
    objects: { kind: 'directory', path: 'objects' },
    ...(onAws ? { warehouse: { kind: 'local' }, environments: AWS_ENVIRONMENT } : {}),
    targets: {
      'public.page_views': { mode: 'insert-only', key: 'id', freshness: '5s' },
      'public.visitors': { mode: 'upsert', key: 'visitor', latestBy: 'seen_at', freshness: '5s' },
    },
    events: {
      'page.viewed': [
        {
          fact: 'public.page_views',
          columns: {
            id: '$.id',
            viewed_at: '$.time',
            url: '$.data.url',
            visitor: '$.data.visitor',
            millis: '$.data.millis',
          },
        },
        {
          dimension: 'public.visitors',
          columns: { visitor: '$.data.visitor', seen_at: '$.time', country: '$.data.country' },
        },
      ],
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
