// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of CloudFormation name what they refer to so.
import { describe, expect, it } from 'vitest';
import type { Template, Value } from './cloud-assembly.ts';
import { ResolvedTemplate } from './resolved-template.ts';

const PLACE = { stackName: 'S', region: 'eu-central-1', account: '1', sqsUrl: 'http://127.0.0.1:1' };
const TEMPLATE: Template = {
  Parameters: { Prefix: { Type: 'String', Default: 'prod' }, Needed: { Type: 'String' } },
  Mappings: { Sizes: { small: { rpus: '8' } } },
  Conditions: {
    IsProd: { 'Fn::Equals': [{ Ref: 'Prefix' }, 'prod'] },
    IsTest: { 'Fn::Not': [{ Condition: 'IsProd' }] },
  },
  Resources: {
    Lake: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { 'Fn::Sub': '${Prefix}-lake' } } },
    Orders: { Type: 'AWS::SQS::Queue' },
    Only: { Type: 'AWS::SQS::Queue', Condition: 'IsTest' },
    Role: { Type: 'AWS::IAM::Role' },
  },
};

const resolve = (value: Value, parameters: Record<string, string> = {}): Value =>
  new ResolvedTemplate(TEMPLATE, { place: PLACE, parameters }).resolve(value);

describe('a template is resolved:', () => {
  it.each<[string, Value, Value]>([
    ['the name that a resource has', { Ref: 'Lake' }, 'prod-lake'],
    ['a name where it has none', { Ref: 'Role' }, 'S-Role'],
    ['the URL of a queue', { Ref: 'Orders' }, 'http://127.0.0.1:1/1/S-Orders'],
    ['an ARN', { 'Fn::GetAtt': ['Orders', 'Arn'] }, 'arn:aws:sqs:eu-central-1:1:S-Orders'],
    ['an attribute by its path', { 'Fn::GetAtt': 'Lake.Arn' }, 'arn:aws:s3:::prod-lake'],
    ['Join', { 'Fn::Join': ['/', ['a', { Ref: 'Lake' }]] }, 'a/prod-lake'],
    [
      'Sub with attributes and variables',
      { 'Fn::Sub': ['${Lake.Arn}/${x}${!y}', { x: 'k' }] },
      'arn:aws:s3:::prod-lake/k${y}',
    ],
    ['Select of Split', { 'Fn::Select': [1, { 'Fn::Split': ['-', 'a-b'] }] }, 'b'],
    ['If', { 'Fn::If': ['IsProd', 1, 2] }, 1],
    ['a value that is left out', { a: { 'Fn::If': ['IsTest', 1, { Ref: 'AWS::NoValue' }] }, b: 2 }, { b: 2 }],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', 'small', 'rpus'] }, '8'],
    [
      'where it is',
      { 'Fn::Sub': '${AWS::Region}/${AWS::AccountId}/${AWS::Partition}' },
      'eu-central-1/1/aws',
    ],
  ])('%s', (_name, value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  it('leaves out what a condition leaves out', () => {
    const ids = (parameters: Record<string, string>) =>
      new ResolvedTemplate(TEMPLATE, { place: PLACE, parameters })
        .ofType('AWS::SQS::Queue')
        .map(({ id }) => id);
    expect(ids({})).toEqual(['Orders']);
    expect(ids({ Prefix: 'test' })).toEqual(['Orders', 'Only']);
  });

  it('refuses what is not there', () => {
    expect(() => resolve({ Ref: 'Nobody' })).toThrow("'Nobody'");
    expect(() => resolve({ Ref: 'Needed' })).toThrow("'Needed'");
    expect(() => resolve({ 'Fn::Cidr': [] })).toThrow("'Fn::Cidr'");
    expect(resolve({ Ref: 'Needed' }, { Needed: 'x' })).toBe('x');
  });
});
