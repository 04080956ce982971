import type { ResolvedTemplate } from '../template/resolved-template.ts';
import {
  findAllowing,
  listOf,
  type PolicyDocument,
  type PolicyStatement,
  speaksOf,
  type Wish,
} from './policy.ts';

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
  /** What was done in the name of each role, each once. */
  readonly #done = new Map<string, Map<string, Wish>>();

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
    if (findAllowing(this.#roles.get(role) ?? [], wish) === undefined) {
      this.denials.push({ who, role, action: wish.action, resource: wish.resource ?? '*' });
      return false;
    }
    const done = this.#done.get(role) ?? new Map<string, Wish>();
    this.#done.set(role, done.set(JSON.stringify(wish), wish));
    return true;
  }

  /** Granted actions that nothing has used, by role. Those of roles that nobody acted as are none of them. */
  unused(roles: readonly string[]): readonly UnusedGrant[] {
    return roles.flatMap((role) =>
      (this.#roles.get(role) ?? [])
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap((statement) =>
          listOf(statement.Action)
            .filter((action) => !this.#isUsed(role, { ...statement, Action: action }))
            .map((action) => ({ role, action, resources: listOf(statement.Resource) })),
        ),
    );
  }

  /** An action may be granted twice: then one use serves both. */
  #isUsed(role: string, statement: PolicyStatement): boolean {
    return [...(this.#done.get(role)?.values() ?? [])].some((wish) => speaksOf(statement, wish));
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
