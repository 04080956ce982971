import { expect, it } from 'vitest';
import { columnKeys } from './column-keys.ts';

it('lets no column hide another of its name, nor one that has the name it would get', () => {
  expect(columnKeys(['a', 'count', 'count', 'count'])).toEqual(['a', 'count', 'count_2', 'count_3']);
  expect(columnKeys(['n', 'n', 'n_2'])).toEqual(['n', 'n_3', 'n_2']);
});
