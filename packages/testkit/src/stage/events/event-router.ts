import { randomUUID } from 'node:crypto';
import { type CreatedObject, notificationBody } from '../../aws/created-object.ts';
import type { StagedFunction } from '../functions/staged-function.ts';
import { listOf } from '../rights/policy.ts';
import type { ResourceRights } from '../rights/resource-rights.ts';
import type { Rights } from '../rights/rights.ts';
import type { Clock } from '../state-machine/clock.ts';
import type { Json } from '../state-machine/definition.ts';
import type { Properties } from '../template/cloud-assembly.ts';
import type { ResolvedTemplate } from '../template/resolved-template.ts';
import { matchesPattern } from './event-pattern.ts';

export interface RouterParts {
  readonly template: ResolvedTemplate;
  readonly rights: Rights;
  readonly resourceRights: ResourceRights;
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
  readonly functions: ReadonlyMap<string, StagedFunction>;
  readonly send: (queueArn: string, body: string) => Promise<void>;
  readonly startExecution: (machineArn: string, input: Json) => void;
  readonly onFailure: (who: string, error: unknown) => void;
  /** Keeps in mind what goes on beside. */
  readonly hold: (work: Promise<unknown>) => void;
}

interface Target {
  readonly Arn: string;
  readonly Input?: string;
  readonly RoleArn?: string;
  readonly RetryPolicy?: { readonly MaximumRetryAttempts?: number };
}

/** Of an asynchronous invocation that failed, unless it is said otherwise. */
const DEFAULT_RETRIES = 2;

/** EventBridge and S3's notifications: what hears of an event, as the template says, and only where policies let it. */
export class EventRouter {
  readonly #parts: RouterParts;
  readonly #stop = new AbortController();

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** An event on the default bus, or on another one. */
  put(event: { readonly source: string } & Readonly<Record<string, unknown>>, bus = 'default'): void {
    const { template } = this.#parts;
    for (const { id, properties } of template.ofType('AWS::Events::Rule')) {
      const { EventPattern, State, EventBusName = 'default', Targets } = properties;
      const isOn = String(EventBusName).split('/').at(-1) === bus.split('/').at(-1);
      if (State === 'DISABLED' || EventPattern === undefined || !isOn) continue;
      if (!matchesPattern(EventPattern, event)) continue;
      for (const target of listOf(Targets as unknown as Target[])) {
        this.#deliver(target, event, {
          arn: template.physical(id).attributes.Arn ?? '',
          service: 'events.amazonaws.com',
        });
      }
    }
  }

  /** S3 tells of an object. */
  tellCreated(object: CreatedObject): void {
    const { template } = this.#parts;
    for (const { id, properties } of template.ofType('AWS::S3::Bucket')) {
      const { ref, attributes } = template.physical(id);
      if (ref !== object.bucket) continue;
      const own = (properties.NotificationConfiguration ?? {}) as Properties;
      const custom = template
        .ofType('Custom::S3BucketNotifications')
        .filter(({ properties: one }) => one.BucketName === ref)
        .map(({ properties: one }) => (one.NotificationConfiguration ?? {}) as Properties);
      for (const configuration of [own, ...custom]) this.#tell(configuration, object, attributes.Arn ?? '');
    }
  }

  /** Fires a schedule now. @param id the logical id of its rule. */
  fire(id: string): void {
    const { template } = this.#parts;
    const found = template.ofType('AWS::Events::Rule').find((one) => one.id === id);
    if (found === undefined) throw new Error(`the template has no rule '${id}'`);
    const arn = template.physical(id).attributes.Arn ?? '';
    for (const target of listOf(found.properties.Targets as unknown as Target[])) {
      this.#deliver(target, this.#scheduled(arn), { arn, service: 'events.amazonaws.com' });
    }
  }

  /** The ids of the rules that have a schedule. */
  schedules(): readonly { readonly id: string; readonly expression: string }[] {
    return this.#parts.template
      .ofType('AWS::Events::Rule')
      .filter(
        ({ properties }) => properties.ScheduleExpression !== undefined && properties.State !== 'DISABLED',
      )
      .map(({ id, properties }) => ({ id, expression: String(properties.ScheduleExpression) }));
  }

  /** Lets schedules of a rate run by the stage's clock; those by cron only when they are fired. */
  startSchedules(): void {
    for (const { id, expression } of this.schedules()) {
      const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/u.exec(expression) ?? [];
      if (count === undefined) continue;
      const seconds = Number(count) * ({ minute: 60, hour: 3_600, day: 86_400 }[unit ?? ''] ?? 60);
      this.#repeat(id, seconds).catch((error: unknown) => this.#parts.onFailure(id, error));
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  /** As Lambda does it when nobody waits: again when it fails, and then to the place for failures. */
  async invokeAsync(target: StagedFunction, event: unknown, retries?: number): Promise<void> {
    const { template, rights, send, onFailure } = this.#parts;
    const { name, role } = target.options;
    const configuration = template
      .ofType('AWS::Lambda::EventInvokeConfig')
      .find(({ properties }) => properties.FunctionName === name)?.properties;
    const attempts = 1 + (retries ?? Number(configuration?.MaximumRetryAttempts ?? DEFAULT_RETRIES));
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      try {
        await target.invokeInTurn(event);
        return;
      } catch (error) {
        onFailure(name, error);
        if (attempt < attempts) continue;
        const place = (
          configuration?.DestinationConfig as { OnFailure?: { Destination?: string } } | undefined
        )?.OnFailure;
        const queue = place?.Destination;
        if (queue === undefined) return;
        if (!rights.ask(name, role, { action: 'sqs:SendMessage', resource: queue })) return;
        await send(queue, JSON.stringify({ requestPayload: event, responsePayload: String(error) }));
      }
    }
  }

  async #repeat(id: string, seconds: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#parts.clock.pass(seconds, this.#stop.signal);
      if (!this.#stop.signal.aborted) this.fire(id);
    }
  }

  #tell(configuration: Properties, object: CreatedObject, bucketArn: string): void {
    const { send, resourceRights, account, hold } = this.#parts;
    const event = `s3:${object.eventName}`;
    if (configuration.EventBridgeConfiguration !== undefined) {
      this.put(JSON.parse(notificationBody([object], 'eventbridge')) as { source: string });
    }
    const queues = listOf(configuration.QueueConfigurations as unknown as QueueConfiguration[] | undefined);
    for (const { Event, Events, Queue, QueueArn, Filter } of queues) {
      const wanted = [...listOf(Event), ...listOf(Events)];
      const isWanted = wanted.some(
        (one) => event === one || (one.endsWith('*') && event.startsWith(one.slice(0, -1))),
      );
      if (!isWanted || !isKeyOf(Filter, object.key)) continue;
      const queue = Queue ?? QueueArn ?? '';
      const wish = {
        service: 's3.amazonaws.com',
        action: 'sqs:SendMessage',
        resource: queue,
        source: bucketArn,
        account,
      };
      if (resourceRights.allows(wish)) hold(send(queue, notificationBody([object], 'plain')));
      else this.#refuse(bucketArn, wish);
    }
  }

  #deliver(target: Target, event: unknown, from: { arn: string; service: string }): void {
    const { functions, resourceRights, rights, send, startExecution, account, hold } = this.#parts;
    const payload: unknown = target.Input === undefined ? event : JSON.parse(target.Input);
    const source = { service: from.service, source: from.arn, account, resource: target.Arn };
    if (target.Arn.includes(':sqs:')) {
      const wish = { ...source, action: 'sqs:SendMessage' };
      if (resourceRights.allows(wish)) hold(send(target.Arn, JSON.stringify(payload)));
      else this.#refuse(from.arn, wish);
      return;
    }
    if (target.Arn.includes(':states:')) {
      const wish = { action: 'states:StartExecution', resource: target.Arn };
      if (rights.ask(from.arn, target.RoleArn ?? '', wish)) startExecution(target.Arn, payload as Json);
      return;
    }
    const called = functions.get(target.Arn);
    if (called === undefined)
      throw new Error(`the stage knows no target '${target.Arn}' of rule '${from.arn}'`);
    const wish = { ...source, action: 'lambda:InvokeFunction' };
    if (resourceRights.allows(wish)) hold(this.invokeAsync(called, payload));
    else this.#refuse(from.arn, wish);
  }

  #refuse(
    who: string,
    { service, action, resource }: { service: string; action: string; resource: string },
  ): void {
    this.#parts.rights.denials.push({ who, role: service, action, resource });
  }

  #scheduled(arn: string): { source: string } & Record<string, unknown> {
    const { account, region, clock } = this.#parts;
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account,
      time: new Date(clock.now()).toISOString(),
      region,
      resources: [arn],
      detail: {},
    };
  }
}

/** As templates have it, and as CDK's own resource for notifications has it. */
interface QueueConfiguration {
  readonly Event?: string;
  readonly Events?: readonly string[];
  readonly Queue?: string;
  readonly QueueArn?: string;
  readonly Filter?: {
    readonly S3Key?: { readonly Rules: readonly FilterRule[] };
    readonly Key?: { readonly FilterRules: readonly FilterRule[] };
  };
}

interface FilterRule {
  readonly Name: string;
  readonly Value: string;
}

function isKeyOf(filter: QueueConfiguration['Filter'], key: string): boolean {
  const rules = filter?.S3Key?.Rules ?? filter?.Key?.FilterRules ?? [];
  return rules.every(({ Name, Value }) =>
    Name.toLowerCase() === 'prefix' ? key.startsWith(Value) : key.endsWith(Value),
  );
}
