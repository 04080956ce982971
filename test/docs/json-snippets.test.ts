import { describe, expect, it } from 'vitest';
import { meaningOf } from './json-meaning.ts';
import { placeOf, snippetsOfKind } from './snippet.ts';

describe('JSON in the pages', () => {
  it.each(snippetsOfKind('json').map((snippet) => [placeOf(snippet), snippet] as const))(
    '%s is what its reader takes',
    (_, snippet) => {
      const { name, check } = meaningOf(snippet);
      expect(check, name).not.toThrow();
    },
  );

  it.each([
    ['{"targets": {"t": {"mode": "apend"}}}', "'append'"],
    ['"windows": ["sun:25:00-sun:26:00"]', 'warehouse.windows[0]'],
    ['"producer": {"keys": {"shop": "secret"}}', 'keys.shop'],
    ['{"paths": [{"s3_path": "s3://a/", "tabel": "t"}]}', "did you mean 'table'"],
    ['{"Type": "Task"}', 'SCHEMA_VALIDATION_FAILED'],
    ['{"id": "1", "data": {}}', "'type'"],
    ['{"accepted": 1}', 'the real one has accepted, rejected'],
  ])('is held against something: %s', (text, sentence) => {
    expect(meaningOf({ page: 'a.md', line: 1, language: 'js', text }).check).toThrow(sentence);
  });

  it('has a meaning', () => {
    const text = '{"colour": "blue"}';
    expect(() => meaningOf({ page: 'a.md', line: 1, language: 'json', text })).toThrow('nobody is known');
  });
});
