import { describe, expect, it } from 'vitest';
import { compileKeyPattern } from '../../file/key-pattern.ts';
import type { Route } from '../../file/route.ts';
import { explainRefusal } from './nearest-route.ts';

const closed = [{ bucket: 'lake', key: 'millrace/', why: "is Millrace's own" }];
const route = (target: string, prefix: string, match: string | null = null): Route => ({
  target,
  bucket: 'lake',
  pattern: compileKeyPattern(prefix, match),
  closed,
});
const ROUTES = [route('public.flights', 'in/flights/', '*.csv'), route('public.airports', 'in/airports/')];

describe('why no route takes an object', () => {
  it.each([
    ['in/flights/2026/1.csv', "match '*.csv', and '2026/1.csv' does not", 'rename the object'],
    ['in/flight/1.csv', 'nearest route is s3://lake/in/flights/ of public.flights', 'write the object below'],
    [
      'in/airport.json',
      'nearest route is s3://lake/in/airports/ of public.airports',
      'write the object below',
    ],
    ['in/airports/_SUCCESS', "names that begin with '_'", 'another key'],
    ['in/airports/x/', "a folder's mark", 'another key'],
    ['unloads/1', 'nearest route', 'write the object below'],
  ])('%s', (key, text, todo) => {
    const refusal = explainRefusal(ROUTES, { bucket: 'lake', key });
    expect(refusal?.text).toContain(text);
    expect(refusal?.todo).toContain(todo);
  });

  it('the bucket is another one', () => {
    expect(explainRefusal(ROUTES, { bucket: 'pond', key: 'in/flights/1.csv' })?.text).toContain(
      "no target takes files of the bucket 'pond'",
    );
  });

  it('there are none', () => {
    expect(explainRefusal([], { bucket: 'lake', key: 'x' })?.todo).toContain('from');
  });

  it('a closed place', () => {
    const all = [route('public.all', '')];
    expect(explainRefusal(all, { bucket: 'lake', key: 'millrace/x' })?.text).toContain("is Millrace's own");
  });
});

it('says nothing when one does', () => {
  expect(explainRefusal(ROUTES, { bucket: 'lake', key: 'in/flights/1.csv' })).toBeNull();
});
