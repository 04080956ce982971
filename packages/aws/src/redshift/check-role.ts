import { DescribeClustersCommand, type RedshiftClient } from '@aws-sdk/client-redshift';
import {
  GetNamespaceCommand,
  GetWorkgroupCommand,
  type RedshiftServerlessClient,
} from '@aws-sdk/client-redshift-serverless';
import { type CheckResult, fails, passes } from '@millrace/core';

/** The roles that a cluster or a namespace may use. */
export interface AttachedRoles {
  readonly arns: readonly string[];
  /** What `iamRole: 'default'` means; null: nothing. */
  readonly defaultArn: string | null;
}

const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/u;

/** @throws what the SDK throws */
export async function rolesOfCluster(client: RedshiftClient, cluster: string): Promise<AttachedRoles> {
  const { Clusters } = await client.send(new DescribeClustersCommand({ ClusterIdentifier: cluster }));
  const [found] = Clusters ?? [];
  return {
    arns: (found?.IamRoles ?? []).map(({ IamRoleArn = '' }) => IamRoleArn),
    defaultArn: found?.DefaultIamRoleArn || null,
  };
}

/** @throws what the SDK throws */
export async function rolesOfWorkgroup(
  client: RedshiftServerlessClient,
  workgroupName: string,
): Promise<AttachedRoles> {
  const { workgroup } = await client.send(new GetWorkgroupCommand({ workgroupName }));
  const namespaceName = workgroup?.namespaceName ?? '';
  const { namespace } = await client.send(new GetNamespaceCommand({ namespaceName }));
  // 'IamRole(applyStatus=in-sync, iamRoleArn=arn:aws:iam::…)'
  const arns = (namespace?.iamRoles ?? []).map((text) => /iamRoleArn=([^,)]+)/u.exec(text)?.[1] ?? text);
  return { arns, defaultArn: namespace?.defaultIamRoleArn || null };
}

/** Pure: whether the role of the configuration is one that the warehouse may use. A chain's first role is the warehouse's. */
export function judgeRole(iamRole: string, roles: AttachedRoles | null): CheckResult {
  const check = 'role';
  const fix = 'attach it to the cluster or the namespace, and let it read the bucket';
  if (iamRole === 'default') {
    if (roles === null)
      return passes(check, "COPY uses the warehouse's default role; which one is not known here");
    return roles.defaultArn === null
      ? fails(
          check,
          'COPY uses the default role, and the warehouse has none',
          'set a default role, or name one in `iamRole`',
        )
      : passes(check, `COPY uses the default role ${roles.defaultArn}`);
  }
  const chain = iamRole.split(',').map((arn) => arn.trim());
  const wrong = chain.find((arn) => !ROLE.test(arn));
  if (wrong !== undefined) {
    return fails(
      check,
      `'${wrong}' is not the ARN of a role`,
      "write arn:aws:iam::123456789012:role/name, or 'default'",
    );
  }
  if (roles === null) return passes(check, `COPY uses ${iamRole}; whether it is attached is not known here`);
  const [own = ''] = chain;
  return roles.arns.includes(own)
    ? passes(check, `COPY uses ${iamRole}, which is attached`)
    : fails(check, `${own} is not attached to the warehouse`, fix);
}

/** Pure: COPY reads a bucket of another region only when it is told so. */
export function judgeRegions(warehouse: string | undefined, objects: string | undefined): CheckResult {
  const check = 'region';
  if (warehouse === undefined || objects === undefined) {
    return passes(check, 'the regions are those of the environment');
  }
  if (warehouse === objects) return passes(check, `objects and warehouse are both in ${warehouse}`);
  return {
    check,
    status: 'warn',
    detail: `the warehouse is in ${warehouse}, the objects are in ${objects}: COPY fails, or costs transfer`,
    fix: `add REGION '${objects}' to \`copy\` of the targets, or keep the objects in ${warehouse}`,
  };
}
