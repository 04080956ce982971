import type { ResolvedTemplate } from '../template/resolved-template.ts';
import { findAllowing, isLike, listOf, type PolicyDocument, type PolicyStatement } from './policy.ts';

/** A service that acts on a resource of the template: S3 and EventBridge write to queues, EventBridge calls functions. */
export interface ServiceWish {
  /** `events.amazonaws.com` */
  readonly service: string;
  readonly action: string;
  /** The ARN of the queue or function. */
  readonly resource: string;
  /** The ARN of the rule or bucket it acts for. */
  readonly source: string;
  readonly account: string;
}

/** What the policies of queues, and the permissions of functions, let services do. */
export class ResourceRights {
  readonly #queues = new Map<string, readonly PolicyStatement[]>();
  readonly #permissions: readonly {
    readonly FunctionName?: string;
    readonly Principal?: string;
    readonly SourceArn?: string;
    readonly SourceAccount?: string;
  }[];

  constructor(template: ResolvedTemplate) {
    const queues = template.ofType('AWS::SQS::Queue').map(({ id }) => template.physical(id));
    for (const { properties } of template.ofType('AWS::SQS::QueuePolicy')) {
      const { Statement } = properties.PolicyDocument as unknown as PolicyDocument;
      for (const url of listOf(properties.Queues as string[])) {
        const arn = queues.find(({ ref }) => ref === url)?.attributes.Arn ?? '';
        this.#queues.set(arn, [...(this.#queues.get(arn) ?? []), ...listOf(Statement)]);
      }
    }
    this.#permissions = template
      .ofType('AWS::Lambda::Permission')
      .map(({ properties }) => properties as never);
  }

  allows({ service, action, resource, source, account }: ServiceWish): boolean {
    if (action === 'lambda:InvokeFunction') {
      return this.#permissions.some(
        ({ FunctionName, Principal, SourceArn, SourceAccount }) =>
          (FunctionName === resource || resource.endsWith(`:function:${FunctionName}`)) &&
          Principal === service &&
          (SourceArn === undefined || isLike(SourceArn, source)) &&
          (SourceAccount === undefined || SourceAccount === account),
      );
    }
    const statements = (this.#queues.get(resource) ?? []).filter(({ Principal }) =>
      isFor(Principal, service),
    );
    const context = { 'aws:SourceArn': source, 'aws:SourceAccount': account, 'aws:SecureTransport': 'true' };
    return findAllowing(statements, { action, resource, context }) !== undefined;
  }
}

function isFor(principal: PolicyStatement['Principal'], service: string): boolean {
  if (principal === undefined || principal === '*') return true;
  if (typeof principal === 'string') return false;
  return listOf(principal.AWS).includes('*') || listOf(principal.Service).includes(service);
}
