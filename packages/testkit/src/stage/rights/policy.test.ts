import { describe, expect, it } from 'vitest';
import { findAllowing, type PolicyStatement, type Wish } from './policy.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:1:orders';
const SEND: Wish = { action: 'sqs:SendMessage', resource: QUEUE };
const allow = (more: Partial<PolicyStatement>): PolicyStatement => ({
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: QUEUE,
  ...more,
});
const allows = (statements: readonly PolicyStatement[], wish: Wish = SEND): boolean =>
  findAllowing(statements, wish) !== undefined;

describe('a policy', () => {
  it('denies what no statement speaks of', () => {
    expect(allows([])).toBe(false);
    expect(allows([allow({ Action: 'sqs:ReceiveMessage' })])).toBe(false);
    expect(allows([allow({ Resource: `${QUEUE}-2` })])).toBe(false);
  });

  it('allows an action on a resource, in any case, by wildcards', () => {
    expect(allows([allow({})])).toBe(true);
    expect(allows([allow({ Action: ['sqs:sendmessage'] })])).toBe(true);
    expect(allows([allow({ Action: 'sqs:Send*', Resource: ['x', 'arn:aws:sqs:*:1:ord?rs'] })])).toBe(true);
  });

  it('lets one Deny outweigh every Allow', () => {
    expect(allows([allow({}), allow({ Effect: 'Deny', Resource: '*' })])).toBe(false);
  });

  it('takes a call without a resource of its own only by a star', () => {
    const describe = { action: 'redshift-data:DescribeStatement', resource: undefined };
    expect(allows([allow({ Action: describe.action, Resource: 'arn:aws:redshift:*' })], describe)).toBe(
      false,
    );
    expect(allows([allow({ Action: describe.action, Resource: '*' })], describe)).toBe(true);
  });

  it.each([
    [{ StringEquals: { 'aws:SourceAccount': '1' } }, { 'aws:SourceAccount': '1' }, true],
    [{ StringEquals: { 'aws:SourceAccount': '1' } }, { 'aws:SourceAccount': '2' }, false],
    [{ StringEquals: { 'aws:SourceAccount': '1' } }, {}, false],
    [{ StringEqualsIfExists: { 'aws:SourceAccount': '1' } }, {}, true],
    [
      { ArnLike: { 'aws:SourceArn': 'arn:aws:events:*:1:rule/*' } },
      { 'aws:SourceArn': 'arn:aws:events:r:1:rule/x' },
      true,
    ],
    [{ ArnEquals: { 'aws:SourceArn': 'arn:x' } }, { 'aws:SourceArn': 'arn:y' }, false],
    [{ Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:SecureTransport': 'true' }, true],
    [{ StringNotEquals: { k: 'a' } }, { k: 'b' }, true],
  ])('under the condition %j of %j: %s', (Condition, context, expected) => {
    expect(allows([allow({ Condition: Condition as never })], { ...SEND, context: context as never })).toBe(
      expected,
    );
  });

  it('refuses a condition that nobody can judge here', () => {
    const statement = allow({ Condition: { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01' } } });
    expect(() => allows([statement], { ...SEND, context: { 'aws:CurrentTime': 'now' } })).toThrow(
      'DateGreaterThan',
    );
  });
});
