import type { ResolvedTemplate } from '../template/resolved-template.ts';
import { findAllowing, listOf, type PolicyDocument, type PolicyStatement, type Wish } from './policy.ts';

/** A call that a role in the template would not be allowed to make. */
export interface Denial {
  /** The function, or what else acts as the role. */
  readonly who: string;
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

/** A granted action that nobody used. */
export interface UnusedGrant {
  readonly role: string;
  readonly action: string;
  readonly resources: readonly string[];
}

/** What AWS's own managed policies allow, of those that templates of Millrace may name. */
const MANAGED: Readonly<Record<string, PolicyStatement>> = {
  AWSLambdaBasicExecutionRole: {
    Effect: 'Allow',
    Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: '*',
  },
};

/**
 * What the roles of a template allow, what was done in their name, and what was not allowed: deny by default, as IAM does it.
 * Every role is known by its ARN.
 */
export class Rights {
  readonly denials: Denial[] = [];
  readonly #roles = new Map<string, readonly PolicyStatement[]>();
  readonly #used = new Map<PolicyStatement, Set<string>>();

  constructor(template: ResolvedTemplate) {
    const documents = template.ofType('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy');
    for (const { id, properties } of template.ofType('AWS::IAM::Role')) {
      const { ref, attributes } = template.physical(id);
      const inline = listOf(properties.Policies as never).map(
        (one) => (one as { PolicyDocument: PolicyDocument }).PolicyDocument,
      );
      const attached = documents
        .filter(({ properties: own }) => listOf((own.Roles ?? own.RoleName) as string[]).includes(ref))
        .map(({ properties: own }) => own.PolicyDocument as unknown as PolicyDocument);
      const managed = listOf(properties.ManagedPolicyArns as string[] | undefined).flatMap(managedStatement);
      const statements = [...inline, ...attached].flatMap(({ Statement }) => listOf(Statement));
      this.#roles.set(attributes.Arn ?? ref, [...statements, ...managed]);
    }
  }

  /** Notes a call, and whether the role allows it. @returns false for one that is refused. */
  ask(who: string, role: string, wish: Wish): boolean {
    const found = findAllowing(this.#roles.get(role) ?? [], wish);
    if (found === undefined) {
      this.denials.push({ who, role, action: wish.action, resource: wish.resource ?? '*' });
      return false;
    }
    const used = this.#used.get(found) ?? new Set();
    this.#used.set(found, used.add(wish.action.toLowerCase()));
    return true;
  }

  /** Granted actions that nothing has used, by role. Those of roles that nobody acted as are none of them. */
  unused(roles: readonly string[]): readonly UnusedGrant[] {
    return roles.flatMap((role) =>
      (this.#roles.get(role) ?? [])
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap((statement) =>
          listOf(statement.Action)
            .filter((action) => !this.#isUsed(role, statement, action))
            .map((action) => ({ role, action, resources: listOf(statement.Resource) })),
        ),
    );
  }

  /** An action may be granted twice: then one use serves both when their resources are the same. */
  #isUsed(role: string, statement: PolicyStatement, action: string): boolean {
    const same = (this.#roles.get(role) ?? []).filter(
      ({ Resource }) => JSON.stringify(Resource) === JSON.stringify(statement.Resource),
    );
    return same.some((one) => this.#used.get(one)?.has(action.toLowerCase()) === true);
  }
}

function managedStatement(arn: string): readonly PolicyStatement[] {
  const name = String(arn).split('/').at(-1) ?? '';
  const statement = MANAGED[name];
  if (statement === undefined) {
    throw new Error(
      `the stage does not know what the managed policy '${name}' allows: grant the actions themselves`,
    );
  }
  return [{ ...statement }];
}
