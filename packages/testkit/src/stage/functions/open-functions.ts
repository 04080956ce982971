import type { Service } from '../rights/aws-call.ts';
import type { Rights } from '../rights/rights.ts';
import type { Properties, SynthesisedStack } from '../template/cloud-assembly.ts';
import type { ResolvedTemplate } from '../template/resolved-template.ts';
import { type FunctionLine, StagedFunction } from './staged-function.ts';

export interface OpenFunctionsOptions {
  readonly urls: Readonly<Record<Service, string>>;
  readonly region: string;
  readonly onLine: (line: FunctionLine) => void;
  readonly rights: Rights;
}

/** Lambda's own default, in seconds. */
const DEFAULT_TIMEOUT = 3;
const DEFAULT_MEMORY = 128;

/** What Lambda does with what a function prints, in the name of its role. */
const LOG_ACTIONS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** How the SDK names the services by whose endpoint it reaches them. */
const ENDPOINTS: Readonly<Record<Service, string>> = {
  s3: 'S3',
  sqs: 'SQS',
  dynamodb: 'DYNAMODB',
  kinesis: 'KINESIS',
  'redshift-data': 'REDSHIFT_DATA',
  events: 'EVENTBRIDGE',
  states: 'SFN',
};

/** The access key by which a function is known to the fronts. */
export function accessKeyOf(arn: string): string {
  return `STAGE.${arn.slice(arn.lastIndexOf(':') + 1)}`;
}

/** The functions of a template whose code is among its assets, by their ARN. Their processes begin with their first invocation. */
export function openFunctions(
  { assets }: SynthesisedStack,
  template: ResolvedTemplate,
  { urls, region, onLine, rights }: OpenFunctionsOptions,
): ReadonlyMap<string, StagedFunction> {
  const functions = new Map<string, StagedFunction>();
  for (const { id, properties } of template.ofType('AWS::Lambda::Function')) {
    const { Code, Handler, Environment, Role, Timeout, MemorySize, ReservedConcurrentExecutions } =
      properties;
    const code = assets.get(String((Code as Properties).S3Key));
    // CDK's own functions for custom resources, of which the stage runs none.
    if (code === undefined || !String(properties.Runtime).startsWith('nodejs')) continue;
    const { ref: name, attributes } = template.physical(id);
    const arn = attributes.Arn ?? '';
    const own = ((Environment as Properties | undefined)?.Variables ?? {}) as Record<string, string>;
    const memoryMb = Number(MemorySize ?? DEFAULT_MEMORY);
    const endpoints = Object.entries(urls).map(([service, url]) => [
      `AWS_ENDPOINT_URL_${ENDPOINTS[service as Service]}`,
      url,
    ]);
    const env: Record<string, string> = {
      ...Object.fromEntries(Object.entries(own).map(([key, value]) => [key, String(value)])),
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyOf(arn),
      AWS_SECRET_ACCESS_KEY: 'stage',
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      ...Object.fromEntries(endpoints),
    };
    const role = String(Role);
    const logGroup = logGroupOf(template, properties);
    const staged = new StagedFunction({
      name,
      arn,
      code,
      handler: String(Handler),
      env,
      timeoutSeconds: Number(Timeout ?? DEFAULT_TIMEOUT),
      memoryMb,
      role,
      reserved: ReservedConcurrentExecutions === undefined ? undefined : Number(ReservedConcurrentExecutions),
      onLine: (line) => onLine({ function: name, line }),
      onInvoke: () => {
        for (const action of logGroup === undefined ? [] : LOG_ACTIONS) {
          rights.ask(name, role, { action, resource: `${logGroup}:log-stream:stage` });
        }
      },
    });
    functions.set(arn, staged);
  }
  return functions;
}

/** The ARN of the log group that the template gives a function, without what follows its name. */
function logGroupOf(template: ResolvedTemplate, { LoggingConfig }: Properties): string | undefined {
  const name = (LoggingConfig as Properties | undefined)?.LogGroup;
  const groups = template.ofType('AWS::Logs::LogGroup').map(({ id }) => template.physical(id));
  return groups.find(({ ref }) => ref === name)?.attributes.Arn?.replace(/:\*$/u, '');
}
