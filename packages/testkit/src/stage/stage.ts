import { setTimeout as pause } from 'node:timers/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { RedshiftLocal } from '@millrace/redshift-local';
import { DataApiServer } from '@millrace/redshift-local/data-api';
import { EmulatedDynamoDb } from '../aws/emulated-dynamodb.ts';
import { EmulatedKinesis } from '../aws/emulated-kinesis.ts';
import { EmulatedS3AndSqs } from '../aws/emulated-s3-and-sqs.ts';
import { S3Front } from '../aws/s3-front.ts';
import { EventRouter } from './events/event-router.ts';
import { openEventSources } from './events/open-event-sources.ts';
import { makeCustomResources } from './functions/custom-resources.ts';
import { FunctionUrl, type UrlAnswer, type UrlRequest } from './functions/function-url.ts';
import { openFunctions } from './functions/open-functions.ts';
import type { FunctionLine, StagedFunction } from './functions/staged-function.ts';
import { Fronts } from './rights/fronts.ts';
import { ResourceRights } from './rights/resource-rights.ts';
import { type Denial, Rights, type UnusedGrant } from './rights/rights.ts';
import { type Definition, type Json, StateError } from './state-machine/definition.ts';
import { EmulatedStepFunctions, type Execution } from './state-machine/step-functions.ts';
import type { SynthesisedStack } from './template/cloud-assembly.ts';
import { makeStorage, type Storage } from './template/make-storage.ts';
import { ResolvedTemplate } from './template/resolved-template.ts';

export interface StageOptions {
  /** Opens the warehouse that plays every cluster and workgroup; it reads and writes objects at this address. */
  readonly openWarehouse: (s3Url: string) => Promise<RedshiftLocal>;
  readonly parameters?: Readonly<Record<string, string>>;
  /** How many milliseconds a second of schedules and state machines takes. Functions have the world's time. */
  readonly secondMs?: number;
}

/** Something that failed where nobody waited for it. */
export interface StageFailure {
  readonly who: string;
  readonly error: unknown;
}

const REGION = 'us-east-1';
/** The account that the emulators of S3 and SQS know. */
const ACCOUNT = '000000000000';
const QUIET_MS = 50;

/**
 * A synthesised stack, executed: its buckets, queues, tables and streams on emulators; its functions' bundles in processes of their
 * own, with the environment that the template gives them and nothing else but where AWS is; its event sources, notifications,
 * rules, schedules and state machines as the template wires them. Every call to AWS is held against the role of the function that
 * makes it, deny by default: what the role would not allow is refused, and told by `report`.
 */
export class Stage {
  readonly template: ResolvedTemplate;
  readonly warehouse: RedshiftLocal;
  readonly machines: EmulatedStepFunctions;
  readonly failures: StageFailure[] = [];
  readonly lines: FunctionLine[] = [];
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly functions = new Map<string, StagedFunction>();
  readonly #rights: Rights;
  readonly #router: EventRouter;
  readonly #storage: Storage;
  readonly #urls: FunctionUrl;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #closers: (() => Promise<unknown>)[];

  private constructor(parts: {
    template: ResolvedTemplate;
    warehouse: RedshiftLocal;
    machines: EmulatedStepFunctions;
    aws: EmulatedS3AndSqs;
    front: S3Front;
    rights: Rights;
    storage: Storage;
    closers: (() => Promise<unknown>)[];
  }) {
    const { template, warehouse, machines, aws, front, rights, storage, closers } = parts;
    this.template = template;
    this.warehouse = warehouse;
    this.machines = machines;
    this.s3 = aws.s3(front.url);
    this.sqs = aws.sqs();
    this.#rights = rights;
    this.#storage = storage;
    this.#closers = closers;
    const resourceRights = new ResourceRights(template);
    this.#router = new EventRouter({
      template,
      rights,
      resourceRights,
      clock: machines.clock,
      account: ACCOUNT,
      region: REGION,
      functions: this.functions,
      send: (arn, body) => this.send(arn, body),
      startExecution: (arn, input) => void machines.begin(arn, { input }),
      onFailure: (who, error) => this.failures.push({ who, error }),
      hold: (work) => this.#hold(work),
    });
    this.#urls = new FunctionUrl(template, this.functions);
  }

  /**
   * Deploys a stack on the stage. Close it after the test.
   *
   * @throws Error for resources that the stage does not know, and for a custom resource that fails.
   */
  static async open(stack: SynthesisedStack, options: StageOptions): Promise<Stage> {
    const closers: (() => Promise<unknown>)[] = [];
    const opened = async <T extends { close(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
      const started = await starting;
      closers.unshift(() => started.close());
      return started;
    };
    let stage: Stage | undefined;
    try {
      const aws = await opened(EmulatedS3AndSqs.start());
      const front = await opened(
        S3Front.start({ upstream: aws.url, onObjectCreated: (object) => stage?.router.tellCreated(object) }),
      );
      const dynamodb = await opened(EmulatedDynamoDb.start());
      const kinesis = await opened(EmulatedKinesis.start());
      const machines = await opened(EmulatedStepFunctions.start({ secondMs: options.secondMs ?? 1_000 }));
      const warehouse = await opened(options.openWarehouse(front.url));
      const dataApi = await opened(
        DataApiServer.start({
          engine: warehouse,
          limits: { callsPerSecond: {} },
          onEvent: (event) => stage?.router.put({ ...event }),
        }),
      );
      const fronts = await opened(
        Fronts.start({
          s3: front.url,
          sqs: aws.url,
          dynamodb: dynamodb.url,
          kinesis: kinesis.url,
          'redshift-data': dataApi.url,
          states: machines.url,
          events: (body) => stage?.takeEvents(body) ?? {},
        }),
      );
      const place = { stackName: stack.name, region: REGION, account: ACCOUNT, sqsUrl: fronts.urls.sqs };
      const { parameters = {} } = options;
      const template = new ResolvedTemplate(stack.template, { place, parameters });
      expectKnown(template);
      const rights = new Rights(template);
      const storage = await makeStorage(template, { aws, dynamodb: dynamodb.client(), kinesis });
      fronts.open({ rights, template, storage, place });
      stage = new Stage({ template, warehouse, machines, aws, front, rights, storage, closers });
      await stage.#begin(stack, { fronts, kinesis });
      return stage;
    } catch (error) {
      if (stage === undefined) for (const close of closers) await close();
      else await stage.close();
      throw error;
    }
  }

  /** Rules and notifications, for what opens the stage. */
  get router(): EventRouter {
    return this.#router;
  }

  /** Puts an object into a bucket of the template, by its logical id or its name; S3 tells of it as the template says. */
  async put(bucket: string, key: string, body: string | Uint8Array): Promise<void> {
    const buckets = this.template.ofType('AWS::S3::Bucket');
    const known = buckets.find(({ id }) => id === bucket);
    const name = known === undefined ? bucket : this.template.physical(known.id).ref;
    await this.s3.send(new PutObjectCommand({ Bucket: name, Key: key, Body: body }));
  }

  /** Writes to a queue, by its ARN, as AWS itself. */
  async send(queueArn: string, body: string): Promise<void> {
    const url = this.#storage.queues.get(queueArn);
    if (url === undefined) throw new Error(`the template has no queue '${queueArn}'`);
    await this.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
  }

  /** Runs a state machine of the template to its end. @param id its logical id. */
  run(id: string, input: Json = {}): Promise<Execution> {
    return this.machines.end(this.template.physical(id).ref, { input });
  }

  /** Calls the URL of a function. */
  request(request: UrlRequest): Promise<UrlAnswer> {
    return this.#urls.request(request);
  }

  /** Rows of a query to the warehouse. */
  async rows(sql: string): Promise<unknown[][]> {
    const session = this.warehouse.session();
    try {
      const result = await session.execute(sql);
      if (result.kind !== 'rows') throw new Error(`${sql} gave no rows`);
      return result.rows.map((row) =>
        row.map((value) => (typeof value === 'bigint' ? Number(value) : value)),
      );
    } finally {
      await session.close();
    }
  }

  /** What roles did not allow, and what they allow and nobody used, of the roles of functions that were invoked. */
  report(): { readonly denials: readonly Denial[]; readonly unused: readonly UnusedGrant[] } {
    const acted = [...this.functions.values()].filter(({ counts }) => counts.invocations > 0);
    const roles = [...new Set(acted.map(({ options }) => options.role))];
    return { denials: [...this.#rights.denials], unused: this.#rights.unused(roles) };
  }

  /**
   * @throws Error that names every call that a role would not have allowed, what failed unheard, and messages that nothing took:
   * of queues without an event source, and dead letters.
   */
  async expectClean(): Promise<void> {
    const denied = this.#rights.denials.map(
      ({ who, action, resource }) => `${who} may not ${action} on ${resource}`,
    );
    const failed = this.failures.map(({ who, error }) => `${who} failed: ${sentenceOf(error)}`);
    const left = await this.#messagesLeft();
    const all = [...new Set([...denied, ...failed, ...left])];
    if (all.length > 0) throw new Error(`the stack does not work:\n${all.join('\n')}`);
  }

  /** Resolves when nothing that was begun beside is left. */
  async quiet(): Promise<void> {
    await pause(QUIET_MS);
    await Promise.all(this.#pending);
  }

  async close(): Promise<void> {
    this.#router.stop();
    for (const close of this.#closers) await close();
  }

  /** What functions put on a bus. */
  takeEvents(body: string): object {
    const { Entries = [] } = JSON.parse(body) as { Entries?: PutEntry[] };
    for (const { Source, DetailType, Detail, EventBusName, Resources = [] } of Entries) {
      const event = {
        source: Source,
        'detail-type': DetailType,
        detail: JSON.parse(Detail),
        resources: Resources,
      };
      this.#router.put(
        { version: '0', account: ACCOUNT, region: REGION, ...event },
        EventBusName ?? 'default',
      );
    }
    return { FailedEntryCount: 0, Entries: Entries.map((_, at) => ({ EventId: String(at) })) };
  }

  async #begin(
    stack: SynthesisedStack,
    { fronts, kinesis }: { fronts: Fronts; kinesis: EmulatedKinesis },
  ): Promise<void> {
    const { template } = this;
    const onLine = (line: FunctionLine): void => void this.lines.push(line);
    for (const [arn, one] of openFunctions(stack, template, {
      urls: fronts.urls,
      region: REGION,
      onLine,
      rights: this.#rights,
    })) {
      this.functions.set(arn, one);
      this.#closers.unshift(() => one.close());
    }
    await makeCustomResources(template, this.functions);
    this.#addMachines();
    const sources = await openEventSources(template, {
      functions: this.functions,
      rights: this.#rights,
      storage: this.#storage,
      sqs: this.sqs,
      kinesis: kinesis.client(),
      region: REGION,
      onFailure: (who, error) => this.failures.push({ who, error }),
    });
    for (const source of sources) this.#closers.unshift(() => source.close());
    this.#router.startSchedules();
  }

  async #messagesLeft(): Promise<readonly string[]> {
    const mappings = this.template.ofType('AWS::Lambda::EventSourceMapping');
    const taken = new Set(mappings.map(({ properties }) => properties.EventSourceArn));
    const left: string[] = [];
    for (const [arn, url] of this.#storage.queues) {
      if (taken.has(arn)) continue;
      const { Attributes } = await this.sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages'] }),
      );
      const count = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
      if (count > 0) left.push(`${count} messages lie in ${arn}, from which nothing takes`);
    }
    return left;
  }

  #addMachines(): void {
    for (const { id, properties } of this.template.ofType('AWS::StepFunctions::StateMachine')) {
      const { ref } = this.template.physical(id);
      const { DefinitionString, Definition: inline, RoleArn } = properties;
      const definition = (inline ?? JSON.parse(String(DefinitionString))) as unknown as Definition;
      this.machines.add({
        arn: ref,
        definition,
        invoke: async (name, payload) => {
          const called = [...this.functions].find(
            ([arn, one]) => arn === name || one.options.name === name,
          )?.[1];
          if (called === undefined)
            throw new StateError('Lambda.ResourceNotFoundException', `no function '${name}'`);
          const wish = { action: 'lambda:InvokeFunction', resource: called.options.arn };
          if (!this.#rights.ask(ref, String(RoleArn), wish)) {
            throw new StateError('Lambda.AWSLambdaException', `not allowed to invoke ${name}`);
          }
          return (await called.invoke(payload)) as Json;
        },
      });
    }
  }

  #hold(work: Promise<unknown>): void {
    const held = work
      .catch((error: unknown) => this.failures.push({ who: 'the stage', error }))
      .finally(() => this.#pending.delete(held));
    this.#pending.add(held);
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface PutEntry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly EventBusName?: string;
  readonly Resources?: readonly string[];
}

/** What has no part in what happens on the stage, or is read where it is needed. */
const UNSEEN =
  /^(?:AWS::(?:IAM|KMS|Logs|CloudWatch|SNS|EC2|CDK|SSM|SecretsManager|Redshift|RedshiftServerless)::|AWS::Lambda::(?:Permission|EventInvokeConfig|LayerVersion)$|AWS::S3::BucketPolicy$|AWS::SQS::QueuePolicy$|Custom::|AWS::CloudFormation::)/u;
const EXECUTED = new Set([
  'AWS::S3::Bucket',
  'AWS::SQS::Queue',
  'AWS::DynamoDB::Table',
  'AWS::DynamoDB::GlobalTable',
  'AWS::Kinesis::Stream',
  'AWS::Lambda::Function',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Url',
  'AWS::Events::Rule',
  'AWS::Events::EventBus',
  'AWS::StepFunctions::StateMachine',
  'AWS::KinesisFirehose::DeliveryStream',
]);

function expectKnown(template: ResolvedTemplate): void {
  const unknown = [...template.types()].filter((type) => !EXECUTED.has(type) && !UNSEEN.test(type));
  if (unknown.length > 0) throw new Error(`the stage does not know resources of ${unknown.join(', ')}`);
}
