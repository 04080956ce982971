import { ArnFormat, type Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

const COLON = ArnFormat.COLON_RESOURCE_NAME;

/** Where a database is, and whom to be in it. */
export interface WarehouseAccess {
  readonly cluster?: string | undefined;
  /** Its name, or its ARN. */
  readonly workgroup?: string | undefined;
  /** Its ARN, where `workgroup` is its name. */
  readonly workgroupArn?: string | undefined;
  readonly database: string;
  readonly dbUser?: string | undefined;
  readonly secret?: secretsmanager.ISecret | undefined;
}

/** @throws Error unless there is one of cluster and workgroup, a database, and one way to be somebody in it. */
export function checkWarehouse(access: WarehouseAccess): void {
  const { cluster, workgroup, database, dbUser, secret } = access;
  if (cluster !== undefined && workgroup !== undefined) {
    throw new Error(`'cluster' (${cluster}) and 'workgroup' (${workgroup}) are both given: leave one out`);
  }
  if (cluster === undefined && workgroup === undefined) {
    throw new Error(
      "neither 'cluster' nor 'workgroup' is given: name the cluster, or the serverless workgroup",
    );
  }
  if (cluster !== undefined && access.workgroupArn !== undefined) {
    throw new Error("'cluster' and 'workgroupArn' are both given: leave one out");
  }
  if (!Token.isUnresolved(database) && !isText(database)) {
    throw new Error("'database' is missing: name the database that the targets are in");
  }
  if (dbUser !== undefined && secret !== undefined) {
    throw new Error(
      "'dbUser' and 'secret' are both given: the secret has a user of its own, leave 'dbUser' out",
    );
  }
  if (dbUser !== undefined && workgroup !== undefined) {
    throw new Error(
      "'dbUser' has no meaning with a workgroup: IAM maps the loader role to IAMR:<role>, leave it out",
    );
  }
}

/** What a function needs that runs statements: on this one warehouse, as this one user. */
export function warehouseStatements(stack: Stack, access: WarehouseAccess): iam.PolicyStatement[] {
  const place = warehouseArn(stack, access);
  return [
    new iam.PolicyStatement({
      actions: ['redshift-data:BatchExecuteStatement', 'redshift-data:ExecuteStatement'],
      resources: [place],
    }),
    new iam.PolicyStatement({
      actions: [
        'redshift-data:CancelStatement',
        'redshift-data:DescribeStatement',
        'redshift-data:GetStatementResult',
        'redshift-data:ListStatements',
      ],
      resources: ['*'],
    }),
    credentials(stack, { ...access, place }),
  ];
}

function credentials(
  stack: Stack,
  { cluster, database, dbUser, secret, place }: WarehouseAccess & { readonly place: string },
): iam.PolicyStatement {
  if (secret) {
    return new iam.PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [secret.secretArn],
    });
  }
  if (cluster === undefined) {
    return new iam.PolicyStatement({ actions: ['redshift-serverless:GetCredentials'], resources: [place] });
  }
  const named = (resource: string, name: string): string =>
    stack.formatArn({ service: 'redshift', resource, resourceName: name, arnFormat: COLON });
  const dbName = named('dbname', `${cluster}/${database}`);
  return dbUser === undefined
    ? new iam.PolicyStatement({ actions: ['redshift:GetClusterCredentialsWithIAM'], resources: [dbName] })
    : new iam.PolicyStatement({
        actions: ['redshift:GetClusterCredentials'],
        resources: [dbName, named('dbuser', `${cluster}/${dbUser}`)],
      });
}

function warehouseArn(stack: Stack, { cluster, workgroup = '', workgroupArn }: WarehouseAccess): string {
  if (cluster !== undefined) {
    return stack.formatArn({
      service: 'redshift',
      resource: 'cluster',
      resourceName: cluster,
      arnFormat: COLON,
    });
  }
  if (workgroupArn !== undefined) return workgroupArn;
  if (workgroup.startsWith('arn:')) return workgroup;
  return stack.formatArn({ service: 'redshift-serverless', resource: 'workgroup', resourceName: '*' });
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
