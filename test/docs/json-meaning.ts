import {
  parseBulkSpec,
  parseConfig,
  parseQueueDocument,
  parseTolerantJson,
  readEvent,
  toTableLoaded,
} from '@millrace/core';
import { readServerSettings } from '@millrace/server';
import { matchesPattern } from '@millrace/testkit/stage';
// @ts-expect-error: its types are not found by its `exports`; what is used of it is typed below.
import validate from 'asl-validator';
import { readBulkEvent } from '../../packages/lambda/src/handlers/read-bulk-event.ts';
import { placeOf, type Snippet } from './snippet.ts';

type Document = Readonly<Record<string, unknown>>;

/** What a block of JSON is for, and whoever takes it from people. */
interface JsonMeaning {
  readonly name: string;
  fits(document: Document, snippet: Snippet): boolean;
  /** @throws Error when it would be refused. */
  check(document: Document, snippet: Snippet): void;
}

const validateDefinition: (definition: unknown) => { isValid: boolean; errorsText: () => string } = validate;

/** Beside what a page shows of a configuration. */
const FLIGHTS = { mode: 'append', from: 's3://lake/flights/', format: { kind: 'csv', header: true } };
const MEMBERS: ReadonlySet<string> = new Set(['windows', 'alerts', 'tableLoaded', 'producer', 'events']);
/** Shorter keys are refused. */
const SECRET = 's'.repeat(16);

const hasKey =
  (key: string) =>
  (value: unknown): boolean =>
    typeof value === 'object' && value !== null && key in value;
const isMember = (text: string): boolean => text.startsWith('"');
const withoutComments = (text: string): string => text.replaceAll(/^\/\/.*\n/gmu, '');

const LOADED = toTableLoaded(
  {
    kind: 'table-loaded',
    target: 'public.flights',
    rows: 8,
    job: {
      id: '',
      files: 1,
      bytes: 453,
      attempt: 1,
      fence: 1,
      submittedAt: 0,
      documentUrl: '',
      documentHash: '',
    },
    oldestArrivalAt: 0,
    newestArrivalAt: 0,
    arrivals: [],
    at: 0,
  },
  'dev',
);

const MEANINGS: readonly JsonMeaning[] = [
  {
    name: 'a configuration',
    fits: (document) => 'targets' in document,
    check(document, snippet) {
      const environments = Object.keys((document.environments as Document | undefined) ?? {});
      for (const environment of environments.length > 0 ? environments : [undefined])
        parseConfig(document, { source: placeOf(snippet), environment });
    },
  },
  {
    name: 'a part of a configuration',
    fits: (document, { text }) => isMember(text) && Object.keys(document).every((key) => MEMBERS.has(key)),
    check({ windows, ...document }, snippet) {
      const views = 'events' in document ? { 'public.views': {} } : {};
      const targets = { 'public.flights': FLIGHTS, ...views };
      const warehouse = windows === undefined ? {} : { warehouse: { kind: 'local', windows } };
      parseConfig({ targets, ...warehouse, ...document }, { source: placeOf(snippet) });
      checkProducer(document.producer, snippet);
    },
  },
  {
    name: 'a webhook of the producer',
    fits: (document, { text }) => isMember(text) && Object.values(document).some(hasKey('signature')),
    check: (document, snippet) => checkProducer({ webhooks: document }, snippet),
  },
  {
    name: 'what a bulk load reads',
    fits: (document) => 'paths' in document,
    check(document, snippet) {
      // Only functions know schedules; what they leave of the document is the same for everybody.
      parseBulkSpec(JSON.stringify(readBulkEvent(document, 0)), { source: placeOf(snippet) });
    },
  },
  {
    name: 'the document of a queue',
    fits: (document) => hasKey('table_name')(document.copy),
    check(_, { text }) {
      const [, queueName = ''] = /^\/\/ s3:\/\/\S*\/(\w+)\.json\n/u.exec(text) ?? [];
      parseQueueDocument(withoutComments(text), { queueName });
    },
  },
  {
    name: 'a pattern of EventBridge',
    fits: (document) => 'detail-type' in document,
    check(pattern) {
      const ended = { state: 'FINISHED', statementName: '<database>/public.orders/01J/1' };
      const event = {
        source: 'aws.redshift-data',
        'detail-type': 'Redshift Data Statement Status Change',
        detail: ended,
      };
      if (!matchesPattern(pattern, event)) throw new Error('the end of a load does not match it');
    },
  },
  {
    name: 'a state of a state machine',
    fits: (document) => 'Type' in document,
    check: (state) => checkState(state),
  },
  {
    name: 'a part of the payload of a state',
    fits: (document) => Object.keys(document).every((key) => key.endsWith('.$')),
    check: (payload) =>
      checkState({ Type: 'Task', Resource: 'arn:aws:lambda:::f', Parameters: payload, End: true }),
  },
  {
    name: 'events, one a line',
    fits: (document) => 'data' in document && 'id' in document,
    check(_, { text }) {
      for (const line of text.trim().split('\n')) {
        const reading = readEvent(JSON.parse(line), { id: () => 'none', time: () => '' });
        if (reading.kind === 'invalid') throw new Error(`${line}: ${reading.problem.reason}`);
      }
    },
  },
  {
    name: 'what is told of a loaded table',
    fits: ({ type }) => type === 'table.loaded',
    check: (shown) => expectKeys(shown, { version: 1, type: '', ...LOADED }),
  },
  {
    // The tasker's own tests are about its values.
    name: 'the output of a statement',
    fits: (document) => 'statementId' in document,
    check: (shown) =>
      expectKeys(shown, {
        statementId: '',
        statementName: '',
        status: '',
        durationMs: 0,
        resultRows: 0,
        rows: [],
      }),
  },
  {
    // commands-on-events.test.ts asks a producer for one.
    name: 'the answer to events',
    fits: (document) => 'accepted' in document,
    check: (shown) => expectKeys(shown, { accepted: 0, rejected: [] }),
  },
];

/** What a snippet is for; the first meaning that fits. @throws Error when it has none, or is not JSON. */
export function meaningOf(snippet: Snippet): { readonly name: string; readonly check: () => void } {
  const document = documentOf(snippet);
  const meaning = MEANINGS.find((one) => one.fits(document, snippet));
  if (meaning === undefined)
    throw new Error(`${placeOf(snippet)}: nobody is known who takes this JSON; say who, in this file`);
  return { name: meaning.name, check: () => meaning.check(document, snippet) };
}

/** Of lines of JSON, the first one; of members without the braces around them, an object of them. */
function documentOf({ text, language }: Snippet): Document {
  const lines = text.trim().split('\n');
  const hasDocumentALine = lines.length > 1 && lines.every((line) => /^\{.*\}$/u.test(line));
  const one = hasDocumentALine ? (lines[0] ?? '') : withoutComments(text);
  const whole = isMember(one) ? `{${one}}` : one;
  return (language === 'jsonc' ? parseTolerantJson(whole) : JSON.parse(whole)) as Document;
}

/** The producer reads its part itself, and takes its secrets from the environment. */
function checkProducer(settings: unknown, { text }: Snippet): void {
  const secrets = [...text.matchAll(/"env": "(\w+)"/gu)].map(([, name = '']) => [name, SECRET]);
  readServerSettings(settings ?? {}, Object.fromEntries(secrets));
}

function checkState(state: Document): void {
  const { isValid, errorsText } = validateDefinition({ StartAt: 'Query', States: { Query: state } });
  if (!isValid) throw new Error(errorsText());
}

function expectKeys(shown: Document, real: Document): void {
  const [there, wanted] = [shown, real].map((document) => Object.keys(document).sort().join(', '));
  if (there !== wanted) throw new Error(`it has ${there}; the real one has ${wanted}`);
}
