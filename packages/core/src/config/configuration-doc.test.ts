import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { configJsonSchema } from './config-schema.ts';
import * as words from './define-config.ts';
import { parseBulkSpec } from './parse-bulk-spec.ts';
import { parseConfig, parseConfigText } from './parse-config.ts';

const doc = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
const rows = doc.split('\n').filter((line) => line.startsWith('| `'));
const blocks = [...doc.matchAll(/```(\w+)\n(.*?)```/gsu)].map(([, language, text = '']) => ({
  language,
  text,
}));

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly default?: unknown;
}

/** Every key of the schema with its default, wherever it is. */
function keysOf(schema: JsonSchema): readonly { key: string; fallback: unknown }[] {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema;
  const inner = [...anyOf, ...oneOf, ...(items ? [items] : [])];
  if (typeof additionalProperties === 'object') inner.push(additionalProperties);
  return [
    ...Object.entries(properties).flatMap(([key, property]) => [
      { key, fallback: property.default },
      ...keysOf(property),
    ]),
    ...inner.flatMap(keysOf),
  ];
}

/** How a default stands in a table of Markdown. */
function cellOf(fallback: unknown): string {
  return `\`${String(fallback).replaceAll('|', '\\|')}\``;
}

describe('docs/configuration.md', () => {
  const keys = keysOf(configJsonSchema());

  it('has a row for every key, with its default', () => {
    expect(keys.length).toBeGreaterThan(50);
    for (const { key, fallback } of keys) {
      const own = rows.filter((row) => row.startsWith(`| \`${key}\` |`));
      expect(own, `a row for '${key}'`).not.toEqual([]);
      // Defaults of whole objects are those of their keys.
      if (fallback === undefined || typeof fallback === 'object') continue;
      const inDefaultCell = own.some((row) => row.split(/(?<!\\)\|/u)[3]?.includes(cellOf(fallback)));
      expect(inDefaultCell, `the default ${cellOf(fallback)} in the row of '${key}'`).toBe(true);
    }
  });

  it('has no row for a key that is not there', () => {
    const known = new Set(keys.map(({ key }) => key));
    const tables = doc.split(/\n\n/u).filter((part) => part.startsWith('| key |'));
    const documented = tables.flatMap((table) =>
      [...table.matchAll(/^\| `([^`]+)` \|/gmu)].map(([, key = '']) => key),
    );
    expect(documented.filter((key) => !known.has(key))).toEqual([]);
  });

  it('names every word of the TypeScript form', () => {
    for (const word of Object.keys(words)) expect(doc).toContain(`| \`${word}(`);
  });

  it('has examples that parse', () => {
    const examples = blocks.filter(({ language }) => language === 'json');
    expect(examples).toHaveLength(3);
    for (const { text } of examples) {
      const environment = text.includes('"environments"') ? 'staging' : undefined;
      expect(parseConfigText(text, { source: 'docs', environment }).targets.size).toBe(2);
    }
    const bulk = blocks
      .filter(({ language }) => language === 'jsonc')
      .map(({ text }) => text.replace(/^\/\/.*\n/u, ''));
    expect(bulk.map((text) => parseBulkSpec(text).paths.length)).toEqual([1]);
  });

  it('shows errors as they are', () => {
    const shown = blocks.find(({ language }) => language === 'text')?.text.trim();
    const format = { kind: 'csv' };
    const targets = {
      'public.flights': { mode: 'append', from: 's3://a/', format, copy: 'MAXERROR 100', fresness: '5s' },
      'public.airports': { mode: 'upsert', from: 's3://b/', format, key: 'iata' },
    };
    let said = '';
    try {
      parseConfig({ targets }, { source: 'millrace.config.json' });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      said = error.message;
    }
    expect(said).toBe(shown);
  });
});
