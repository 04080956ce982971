import { describe, expect, it } from 'vitest';
import { matchesPattern } from './event-pattern.ts';

const EVENT = {
  source: 'aws.s3',
  'detail-type': 'Object Created',
  resources: ['arn:aws:s3:::lake'],
  detail: {
    bucket: { name: 'lake' },
    object: { key: 'incoming/Orders/1.csv.gz', size: 250 },
    'source-ip-address': '10.0.3.7',
    reason: 'PutObject',
    note: null,
    empty: '',
    tags: ['red', 'blue'],
    parts: [{ n: 1 }, { n: 5 }],
    flag: true,
    v6: '2001:db8::1',
  },
};

/** Each kind of filter, with something that it takes and something that it does not. */
const VECTORS: readonly [string, object, boolean][] = [
  ['an exact value', { source: ['aws.s3'] }, true],
  ['another exact value', { source: ['aws.ec2'] }, false],
  ['one of several values', { source: ['aws.ec2', 'aws.s3'] }, true],
  ['an empty pattern', {}, true],
  ['several fields, all of which hold', { source: ['aws.s3'], 'detail-type': ['Object Created'] }, true],
  ['several fields, one of which does not', { source: ['aws.s3'], 'detail-type': ['Object Deleted'] }, false],
  ['a field that is not there', { nothing: ['x'] }, false],
  ['null', { detail: { note: [null] } }, true],
  ['null for a value', { detail: { reason: [null] } }, false],
  ['an empty text', { detail: { empty: [''] } }, true],
  ['true', { detail: { flag: [true] } }, true],
  ['the text true', { detail: { flag: ['true'] } }, false],
  ['a number', { detail: { object: { size: [250] } } }, true],
  ['a value of a list', { detail: { tags: ['blue'] } }, true],
  ['none of a list', { detail: { tags: ['green'] } }, false],
  ['an object of a list', { detail: { parts: { n: [5] } } }, true],
  ['prefix', { detail: { object: { key: [{ prefix: 'incoming/' }] } } }, true],
  ['another prefix', { detail: { object: { key: [{ prefix: 'outgoing/' }] } } }, false],
  [
    'prefix in any case',
    { detail: { object: { key: [{ prefix: { 'equals-ignore-case': 'INCOMING/' } }] } } },
    true,
  ],
  ['suffix', { detail: { object: { key: [{ suffix: '.gz' }] } } }, true],
  ['another suffix', { detail: { object: { key: [{ suffix: '.zip' }] } } }, false],
  [
    'suffix in any case',
    { detail: { object: { key: [{ suffix: { 'equals-ignore-case': '.GZ' } }] } } },
    true,
  ],
  ['anything but', { detail: { reason: [{ 'anything-but': 'CopyObject' }] } }, true],
  ['anything but it', { detail: { reason: [{ 'anything-but': ['PutObject', 'CopyObject'] }] } }, false],
  ['anything but a number', { detail: { object: { size: [{ 'anything-but': [1, 2] }] } } }, true],
  ['anything but, of what is not there', { detail: { nothing: [{ 'anything-but': 'x' }] } }, false],
  ['anything but a prefix', { detail: { reason: [{ 'anything-but': { prefix: 'Copy' } }] } }, true],
  ['anything but its prefix', { detail: { reason: [{ 'anything-but': { prefix: 'Put' } }] } }, false],
  [
    'anything but suffixes',
    { detail: { object: { key: [{ 'anything-but': { suffix: ['.csv', '.gz'] } }] } } },
    false,
  ],
  [
    'anything but a wildcard',
    { detail: { object: { key: [{ 'anything-but': { wildcard: '*/tmp/*' } }] } } },
    true,
  ],
  ['a range of numbers', { detail: { object: { size: [{ numeric: ['>', 100, '<=', 250] }] } } }, true],
  ['outside a range', { detail: { object: { size: [{ numeric: ['>', 250] }] } } }, false],
  ['equal numbers', { detail: { object: { size: [{ numeric: ['=', 250] }] } } }, true],
  ['a range, of a text', { detail: { reason: [{ numeric: ['>', 0] }] } }, false],
  ['exists', { detail: { reason: [{ exists: true }] } }, true],
  ['exists, of what is not there', { detail: { nothing: [{ exists: true }] } }, false],
  ['does not exist', { detail: { nothing: [{ exists: false }] } }, true],
  ['exists, below what is not there', { nothing: { at: { all: [{ exists: false }] } } }, true],
  ['equals in any case', { detail: { reason: [{ 'equals-ignore-case': 'putobject' }] } }, true],
  ['a wildcard', { detail: { object: { key: [{ wildcard: 'incoming/*/*.csv.gz' }] } } }, true],
  ['a wildcard for nothing', { detail: { reason: [{ wildcard: 'PutObject*' }] } }, true],
  ['another wildcard', { detail: { object: { key: [{ wildcard: '*.parquet' }] } } }, false],
  ['a star that is meant', { detail: { reason: [{ wildcard: 'Put\\*' }] } }, false],
  ['a block of addresses', { detail: { 'source-ip-address': [{ cidr: '10.0.0.0/8' }] } }, true],
  ['another block of addresses', { detail: { 'source-ip-address': [{ cidr: '10.0.4.0/24' }] } }, false],
  ['a block of longer addresses', { detail: { v6: [{ cidr: '2001:db8::/32' }] } }, true],
  ['one of two patterns', { $or: [{ source: ['aws.ec2'] }, { detail: { reason: ['PutObject'] } }] }, true],
  ['none of two patterns', { $or: [{ source: ['aws.ec2'] }, { detail: { reason: ['CopyObject'] } }] }, false],
  ['one of two and another', { source: ['aws.ec2'], $or: [{ resources: ['arn:aws:s3:::lake'] }] }, false],
  [
    'one of two, inside',
    { detail: { $or: [{ reason: ['x'] }, { object: { size: [{ numeric: ['<', 300] }] } }] } },
    true,
  ],
  ['filters beside values', { detail: { reason: ['CopyObject', { prefix: 'Put' }] } }, true],
];

describe('an event pattern with', () => {
  it.each(VECTORS)('%s', (_name, pattern, expected) => {
    expect(matchesPattern(pattern, EVENT)).toBe(expected);
  });

  it('a filter that nobody knows is refused', () => {
    expect(() => matchesPattern({ source: [{ rhymes: 'aws' }] }, EVENT)).toThrow("'rhymes'");
  });
});
