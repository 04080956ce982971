import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSpec } from './read-spec.ts';

describe('a bulk document that cannot be read', () => {
  it.each([
    [join(tmpdir(), 'millrace-nowhere', 'nope.json'), 'is not there'],
    [tmpdir(), 'is a directory'],
  ])('%s is wrong usage, with its path and what to name instead', async (path, problem) => {
    await expect(readSpec(path)).rejects.toMatchObject({
      code: 'wrong-usage',
      sentence: `the bulk document ${path} ${problem}; name a JSON document that names prefixes and their tables`,
    });
  });
});
