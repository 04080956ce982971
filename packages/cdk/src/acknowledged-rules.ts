import { Stack, Validations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

export const NO_ACCESS_LOGS =
  'Millrace reads and writes these objects itself. Who else does is for data events of CloudTrail to tell, where somebody needs it.';

/** Why some resources cannot be named more closely. */
const OBJECTS_REASON =
  'Objects are named by their prefix: their names are not known before they are written.';
const STATEMENT_REASON =
  'A statement has no ARN. The Data API shows a statement only to the role that submitted it.';
const WORKGROUP_REASON =
  "A workgroup's ARN holds an id that nobody can tell from its name. Give 'workgroupArn' to name it closely.";

const MACHINES_REASON =
  'A task token is answered by whoever holds it: which state machine it came from is not known before it asks.';

/**
 * Why a rule of cdk-nag's AwsSolutions does not hold for a construct. Reports show the reason; an app that does not use cdk-nag
 * sees nothing of it.
 */
export function acknowledge(scope: IConstruct, rule: string, reason: string): void {
  Validations.of(scope).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}

/** Adds to what a role may do, and says why where a resource is not named as closely as one would like. */
export function allow(role: iam.IRole, ...statements: readonly iam.PolicyStatement[]): void {
  for (const statement of statements) {
    role.addToPrincipalPolicy(statement);
    for (const resource of statement.resources) {
      const name = flatten(Stack.of(role).resolve(resource));
      if (name.includes('*')) acknowledge(role, `IAM5[Resource::${name}]`, reasonFor(name));
    }
  }
}

function reasonFor(name: string): string {
  if (name === '*') return STATEMENT_REASON;
  if (name.includes(':stateMachine:')) return MACHINES_REASON;
  return name.includes(':workgroup/') ? WORKGROUP_REASON : OBJECTS_REASON;
}

/** A name as cdk-nag writes it, with `<…>` for what is known when the stack is deployed. */
function flatten(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const {
    Ref: ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
  } = value as {
    Ref?: string;
    'Fn::GetAtt'?: readonly string[];
    'Fn::Join'?: readonly [string, readonly unknown[]];
  };
  if (ref !== undefined) return `<${ref}>`;
  if (attribute !== undefined) return `<${attribute.join('.')}>`;
  if (join !== undefined) return join[1].map(flatten).join(join[0]);
  return JSON.stringify(value);
}
