/** A synthesised template, as far as these rules read it. */
export interface TemplateJson {
  readonly Resources: Readonly<Record<string, Resource>>;
}

interface Resource {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  readonly Properties?: Readonly<Record<string, never>>;
}

type Json = Readonly<Record<string, unknown>>;

/** Resources of a type, by logical id. */
export function resourcesOf(template: TemplateJson, type: string): readonly (readonly [string, Json])[] {
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, { Properties = {} }]) => [id, Properties]);
}

/**
 * What has to be so in every template that Millrace makes: functions end, fail somewhere, run in a number that somebody decided on, and
 * forget their logs; queues and buckets are encrypted and closed; no right has a wildcard for its action; nothing waits for itself.
 *
 * @returns what is not so.
 */
export function brokenRules(template: TemplateJson): readonly string[] {
  return [
    ...brokenFunctions(template),
    ...brokenQueues(template),
    ...brokenBuckets(template),
    ...wideActions(template),
    ...circles(template),
  ];
}

function brokenFunctions(template: TemplateJson): readonly string[] {
  const invokes = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').map(([, props]) => props);
  const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(([, props]) => props);
  const groups = new Map(resourcesOf(template, 'AWS::Logs::LogGroup'));
  return resourcesOf(template, 'AWS::Lambda::Function').flatMap(([id, props]) => {
    const { Timeout, ReservedConcurrentExecutions, LoggingConfig, DeadLetterConfig } = props as {
      Timeout?: number;
      ReservedConcurrentExecutions?: number;
      LoggingConfig?: { LogGroup?: unknown };
      DeadLetterConfig?: unknown;
    };
    const isOf = (one: Json): boolean => refOf(one.FunctionName) === id;
    const failing = invokes.find(isOf) as { DestinationConfig?: { OnFailure?: unknown } } | undefined;
    const isBounded = mappings.filter(isOf).some((one) => {
      const { ScalingConfig, ParallelizationFactor } = one as {
        ScalingConfig?: { MaximumConcurrency?: number };
        ParallelizationFactor?: number;
      };
      return ScalingConfig?.MaximumConcurrency !== undefined || ParallelizationFactor === 1;
    });
    const retention = (
      groups.get(refOf(LoggingConfig?.LogGroup) ?? '') as { RetentionInDays?: number } | undefined
    )?.RetentionInDays;
    return [
      ...(Timeout === undefined ? [`${id} has no time-out`] : []),
      ...(failing?.DestinationConfig?.OnFailure === undefined && DeadLetterConfig === undefined
        ? [`${id} fails nowhere`]
        : []),
      ...(ReservedConcurrentExecutions === undefined && !isBounded
        ? [`nobody decided how many of ${id} run at once`]
        : []),
      ...(retention === undefined ? [`the log of ${id} is kept for good`] : []),
    ];
  });
}

function brokenQueues(template: TemplateJson): readonly string[] {
  const functions = new Map(resourcesOf(template, 'AWS::Lambda::Function'));
  const queues = new Map(resourcesOf(template, 'AWS::SQS::Queue'));
  const open = [...queues].flatMap(([id, { SqsManagedSseEnabled, KmsMasterKeyId }]) =>
    SqsManagedSseEnabled === true || KmsMasterKeyId !== undefined ? [] : [`${id} is not encrypted`],
  );
  const hasty = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').flatMap(([id, props]) => {
    const {
      EventSourceArn,
      FunctionName,
      MaximumBatchingWindowInSeconds = 0,
    } = props as {
      EventSourceArn?: unknown;
      FunctionName?: unknown;
      MaximumBatchingWindowInSeconds?: number;
    };
    const queue = queues.get(refOf(EventSourceArn) ?? '') as
      | { VisibilityTimeout?: number; RedrivePolicy?: unknown }
      | undefined;
    if (!queue) return [];
    const { Timeout = 0 } = (functions.get(refOf(FunctionName) ?? '') ?? {}) as { Timeout?: number };
    const { VisibilityTimeout = 30, RedrivePolicy } = queue;
    return [
      ...(VisibilityTimeout < 6 * Timeout + MaximumBatchingWindowInSeconds
        ? [`${id} sees a message again too soon`]
        : []),
      ...(RedrivePolicy === undefined ? [`the queue of ${id} has no dead letters`] : []),
    ];
  });
  return [...open, ...hasty];
}

function brokenBuckets(template: TemplateJson): readonly string[] {
  return resourcesOf(template, 'AWS::S3::Bucket').flatMap(([id, props]) => {
    const closed = Object.values((props.PublicAccessBlockConfiguration ?? {}) as Json);
    return [
      ...(props.BucketEncryption === undefined ? [`${id} is not encrypted`] : []),
      ...(closed.length < 4 || closed.includes(false) ? [`${id} may be made public`] : []),
    ];
  });
}

/** CloudFormation refuses them only when it deploys. */
function circles(template: TemplateJson): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) {
      found.push([...path.slice(path.indexOf(id)), id].join(' → '));
      return;
    }
    const resource = template.Resources[id];
    if (resource === undefined || done.has(id)) return;
    for (const next of [...(resource.DependsOn ?? []), ...named(resource.Properties)])
      visit(next, [...path, id]);
    done.add(id);
  };
  for (const id of Object.keys(template.Resources)) visit(id, []);
  return found;
}

/** Every logical id that a value names. */
function named(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = refOf(value);
  return [...(own === undefined ? [] : [own]), ...Object.values(value).flatMap(named)];
}

/** Of identity policies: who may do what. */
function wideActions(template: TemplateJson): readonly string[] {
  return allowed(template).flatMap(({ id, actions }) =>
    actions.filter((action) => action.includes('*')).map((action) => `${id} allows ${action}`),
  );
}

export interface Allowed {
  readonly id: string;
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
}

/** Every statement of every policy of a role. */
export function allowed(template: TemplateJson): readonly Allowed[] {
  return resourcesOf(template, 'AWS::IAM::Policy').flatMap(([id, { PolicyDocument }]) =>
    (
      (PolicyDocument as { Statement: readonly { Action: unknown; Resource: unknown }[] }).Statement ?? []
    ).map(({ Action, Resource }) => ({
      id,
      actions: list(Action) as readonly string[],
      resources: list(Resource),
    })),
  );
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** The logical id that a value names. */
export function refOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { Ref: ref, 'Fn::GetAtt': attribute } = value as { Ref?: string; 'Fn::GetAtt'?: readonly string[] };
  return ref ?? attribute?.[0];
}
