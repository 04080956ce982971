import { join } from 'node:path';
import {
  EventPipeline,
  FirehoseSource,
  LandingBucket,
  MicrobatchLoader,
  RedshiftTasker,
} from '@millrace/cdk';
import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { configurationFor } from './configuration.ts';
import { StateMachines } from './state-machines.ts';
import { Warehouse } from './warehouse.ts';

/** Everything that Millrace has on AWS, in one stack: files, Firehose and events into a serverless workgroup of its own. */
export class ExampleStack extends Stack {
  readonly warehouse: Warehouse;
  readonly landing: LandingBucket;
  readonly loader: MicrobatchLoader;
  readonly pipeline: EventPipeline;
  readonly tasker: RedshiftTasker;
  readonly machines: StateMachines;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'Millrace: an example', ...props });
    this.warehouse = new Warehouse(this, 'Warehouse');
    this.landing = new LandingBucket(this, 'Landing', {
      archiveProcessedAfter: Duration.days(30),
      expireProcessedAfter: Duration.days(365),
    });
    const { workgroup, workgroupArn, database, secret, copyRole } = this.warehouse;
    this.loader = new MicrobatchLoader(this, 'Loader', {
      workgroup,
      workgroupArn,
      database,
      secret,
      copyRole,
      configuration: configurationFor(this.landing.bucket),
      migrations: join(import.meta.dirname, 'migrations'),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.loader.addSource('Orders', { bucket: this.landing.bucket, prefixes: ['incoming/orders/'] });
    new FirehoseSource(this, 'page_views', { loader: this.loader, bucket: this.landing.bucket });
    this.pipeline = new EventPipeline(this, 'Events', { loader: this.loader });
    this.tasker = new RedshiftTasker(this, 'Tasker', { workgroup, workgroupArn, database, secret });
    this.machines = new StateMachines(this, 'Machines', { tasker: this.tasker });
    new CfnOutput(this, 'LandingBucketName', { value: this.landing.bucket.bucketName });
    new CfnOutput(this, 'ProducerUrl', { value: this.pipeline.producerUrl.url });
  }
}
