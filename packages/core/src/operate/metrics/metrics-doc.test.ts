import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LOADER_METRICS, prometheusNameOf } from './loader-metrics.ts';

const doc = readFileSync(new URL('../../../../../docs/metrics.md', import.meta.url), 'utf8');

it.each(LOADER_METRICS)(
  'docs/metrics.md has a row for $name, in both spellings and with its unit',
  (definition) => {
    const row = doc.split('\n').find((line) => line.startsWith(`| \`${definition.name}\` |`));
    expect(row).toContain(`\`${prometheusNameOf(definition)}\``);
    expect(row).toContain(`| ${definition.unit} |`);
  },
);

it('docs/metrics.md has no row for what is no metric', () => {
  const rows = [...doc.matchAll(/^\| `([A-Z]\w+)` \| `millrace_/gmu)].map(([, name]) => name);
  expect(rows).toEqual(LOADER_METRICS.map(({ name }) => name));
});

it('its alert rules ask for metrics that there are', () => {
  const names = LOADER_METRICS.map(prometheusNameOf);
  const asked = [...doc.matchAll(/expr: .*$/gmu)].flatMap(([line]) => line.match(/millrace_\w+/gu) ?? []);
  expect(asked.length).toBeGreaterThan(4);
  const others = ['millrace_consumer_millis_behind_latest', 'millrace_events_rejected_total'];
  for (const name of asked) {
    const base = name.replace(/_(?:bucket|sum|count)$/u, '');
    expect([...names, ...others]).toContain(base);
  }
});
