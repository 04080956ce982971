import { RedshiftCancellation, RedshiftStatement, type RedshiftTasker } from '@millrace/cdk';
import { Aws, type CfnElement, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

/** SQL on a schedule of one's own: state machines whose states wait for statements. */
export class StateMachines extends Construct {
  /** Runs to its end. */
  readonly success: sfn.StateMachine;
  /** Its SQL is wrong, which a state of its own hears. */
  readonly sqlFailure: sfn.StateMachine;
  /** Its statement takes longer than it has time. */
  readonly cancelSlowQuery: sfn.StateMachine;

  readonly #tasker: RedshiftTasker;

  constructor(scope: Construct, id: string, { tasker }: { tasker: RedshiftTasker }) {
    super(scope, id);
    this.#tasker = tasker;
    this.success = this.machine('Success', this.ordersOfCustomer(tasker));
    this.sqlFailure = this.machine('SqlFailure', this.brokenReport(tasker));
    this.cancelSlowQuery = this.machine('CancelSlowQuery', this.slowReport(tasker));
    tasker.grantInvoke(this.cancelSlowQuery);
  }

  /** Two statements as one transaction, then one whose rows the next state gets. */
  private ordersOfCustomer(tasker: RedshiftTasker): sfn.IChainable {
    const refresh = new RedshiftStatement(this, 'count orders of a customer', {
      tasker,
      sql: [
        'DELETE FROM public.orders_of WHERE customer = :customer',
        'INSERT INTO public.orders_of SELECT customer, count(*) FROM public.orders WHERE customer = :customer GROUP BY customer',
      ],
      parameters: { customer: sfn.JsonPath.stringAt('$.customer') },
      timeBudget: Duration.hours(1),
      heartbeat: Duration.minutes(5),
      resultPath: sfn.JsonPath.DISCARD,
    });
    const count = new RedshiftStatement(this, 'read the counts', {
      tasker,
      sql: ['SELECT customer, orders FROM public.orders_of ORDER BY customer'],
      includeRows: true,
      timeBudget: Duration.minutes(15),
    });
    return refresh.next(count).next(new sfn.Succeed(this, 'done'));
  }

  private brokenReport(tasker: RedshiftTasker): sfn.IChainable {
    const report = new RedshiftStatement(this, 'read a table that is not there', {
      tasker,
      sql: ['SELECT count(*) FROM public.no_such_table'],
      timeBudget: Duration.minutes(15),
    });
    report.addCatch(new sfn.Fail(this, 'SQL_FAILURE', { error: 'SqlFailure' }), { errors: ['FAILED'] });
    report.addCatch(new sfn.Fail(this, 'FAILURE', { error: 'Failure' }), { errors: ['States.ALL'] });
    return report;
  }

  /** A state as people write it by hand: with the bare payload, whose time budget is `HeartbeatSeconds`. */
  private slowReport(tasker: RedshiftTasker): sfn.IChainable {
    const succeeded = new sfn.Succeed(this, 'SUCCESS');
    const failed = new sfn.Fail(this, 'FAILURE of a slow query', { error: 'Failure' });
    const slow = new sfn.Fail(this, 'TOO_SLOW', { error: 'TooSlow' });
    const cancel = new RedshiftCancellation(this, 'cancelSlowQuery', { tasker }).next(slow);
    const query = new sfn.CustomState(this, 'summarise all orders', {
      stateJson: {
        Type: 'Task',
        Resource: `arn:${Aws.PARTITION}:states:::lambda:invoke.waitForTaskToken`,
        Parameters: {
          FunctionName: tasker.lambdaFunction.functionArn,
          Payload: {
            'taskToken.$': '$$.Task.Token',
            'executionArn.$': '$$.Execution.Id',
            sqlStatement: "INSERT INTO public.orders_of SELECT 'all', count(*) FROM public.orders",
          },
        },
        HeartbeatSeconds: 60,
      },
    });
    query.addCatch(cancel, { errors: ['States.Timeout'] });
    query.addCatch(failed, { errors: ['States.ALL'] });
    query.addRetry({
      errors: ['Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException'],
      interval: Duration.seconds(2),
      maxAttempts: 6,
      backoffRate: 2,
    });
    query.addRetry({
      errors: ['Lambda.TooManyRequestsException'],
      interval: Duration.seconds(1),
      maxAttempts: 10,
      backoffRate: 1.5,
    });
    return query.next(succeeded);
  }

  private machine(name: string, definition: sfn.IChainable): sfn.StateMachine {
    const destination = new logs.LogGroup(this, `${name}Log`, {
      // Step Functions writes there under a policy of the account, which names groups that begin so.
      logGroupName: `/aws/vendedlogs/states/${Stack.of(this).stackName}-${name}`,
      retention: logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const machine = new sfn.StateMachine(this, name, {
      definitionBody: sfn.DefinitionBody.fromChainable(definition),
      timeout: Duration.days(1),
      tracingEnabled: true,
      logs: { destination, level: sfn.LogLevel.ALL },
    });
    const id = Stack.of(this).getLogicalId(this.#tasker.lambdaFunction.node.defaultChild as CfnElement);
    Validations.of(machine).acknowledge(
      ...[
        ['*', 'Traces and deliveries of logs have no names that rights could hold.'],
        [`<${id}.Arn>:*`, "CDK's own right to invoke the function: it names its versions too."],
      ].map(([resource, reason = '']) => ({
        id: `AwsSolutions::AwsSolutions-IAM5[Resource::${resource}]`,
        reason,
      })),
    );
    return machine;
  }
}
