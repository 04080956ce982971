import { describe, expect, it } from 'vitest';
import { judgeRegions, judgeRole } from './check-role.ts';

const ROLE = 'arn:aws:iam::123456789012:role/loader';
const attached = { arns: [ROLE], defaultArn: null };

describe('the role of COPY', () => {
  it.each([
    ['is attached', ROLE, attached, 'pass'],
    ['is the first of a chain', `${ROLE},arn:aws:iam::210987654321:role/reader`, attached, 'pass'],
    ['is not attached', `${ROLE}2`, attached, 'fail'],
    ['is no role', 'loader', attached, 'fail'],
    ['is the default, and there is none', 'default', attached, 'fail'],
    ['is the default', 'default', { arns: [ROLE], defaultArn: ROLE }, 'pass'],
    ['is the default of a warehouse that cannot be asked', 'default', null, 'pass'],
    ['is one of a warehouse that cannot be asked', ROLE, null, 'pass'],
  ] as const)('%s', (_, role, roles, status) => {
    expect(judgeRole(role, roles).status).toBe(status);
  });
});

it('warns of objects in another region', () => {
  expect(judgeRegions('eu-central-1', 'us-east-1')).toMatchObject({
    status: 'warn',
    fix: expect.stringContaining("REGION 'us-east-1'"),
  });
  expect(judgeRegions('eu-central-1', 'eu-central-1').status).toBe('pass');
  expect(judgeRegions(undefined, 'eu-central-1').status).toBe('pass');
});
