import { Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as redshiftserverless from 'aws-cdk-lib/aws-redshiftserverless';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

/** The smallest that Redshift Serverless has, in RPUs: it is paid for while queries run. */
const BASE_CAPACITY = 8;
const ADMINISTRATOR = 'millrace';

/** A serverless workgroup of the example's own, in the default VPC, reached through the Data API only. */
export class Warehouse extends Construct {
  readonly workgroup = 'millrace-example';
  readonly workgroupArn: string;
  readonly database = 'dev';
  /** Of the administrator: everything in this warehouse is the example's. */
  readonly secret: secretsmanager.ISecret;
  /** What COPY reads objects with. */
  readonly copyRole: iam.Role;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.copyRole = new iam.Role(this, 'CopyRole', {
      assumedBy: new iam.CompositePrincipal(
        new iam.ServicePrincipal('redshift.amazonaws.com'),
        new iam.ServicePrincipal('redshift-serverless.amazonaws.com'),
      ),
      description: 'Reads the files that are loaded',
    });
    this.secret = new secretsmanager.Secret(this, 'Administrator', {
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: ADMINISTRATOR }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions::AwsSolutions-SMG4',
      reason:
        'Nobody but the loader knows it. Turning it over needs a function in the VPC, which the example spares.',
    });
    const namespace = new redshiftserverless.CfnNamespace(this, 'Namespace', {
      namespaceName: 'millrace-example',
      dbName: this.database,
      adminUsername: ADMINISTRATOR,
      // Resolved by CloudFormation: the template holds a reference.
      adminUserPassword: this.secret.secretValueFromJson('password').unsafeUnwrap(),
      iamRoles: [this.copyRole.roleArn],
      defaultIamRoleArn: this.copyRole.roleArn,
    });
    const workgroup = new redshiftserverless.CfnWorkgroup(this, 'Workgroup', {
      workgroupName: this.workgroup,
      namespaceName: namespace.namespaceName,
      baseCapacity: BASE_CAPACITY,
      publiclyAccessible: false,
    });
    workgroup.addResourceDependency(namespace);
    this.workgroupArn = workgroup.attrWorkgroupWorkgroupArn;
  }
}
