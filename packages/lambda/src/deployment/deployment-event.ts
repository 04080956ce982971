import type { ObjectRef } from '@millrace/core';
import { LoadError, parseUrl } from '@millrace/core';
import { z } from 'zod';

/** An object that a deployment writes: the configuration, or a document of a queue. */
export interface DeployedObject extends ObjectRef {
  readonly body: string;
}

/** What CloudFormation asks of the deployment's own resource. */
export interface DeploymentRequest {
  readonly kind: 'create' | 'update' | 'delete';
  /** Where CloudFormation waits for the answer. */
  readonly responseUrl: string;
  /** Names the resource for good: another name would tell CloudFormation to replace it. */
  readonly physicalId: string;
  /** What CloudFormation wants to be told again in the answer. */
  readonly echo: { readonly StackId: string; readonly RequestId: string; readonly LogicalResourceId: string };
  readonly objects: readonly DeployedObject[];
}

const requestEvent = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.string().min(1),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.string().optional(),
  ResourceProperties: z.object({
    Objects: z.array(z.object({ Url: z.string(), Body: z.string() })).optional(),
  }),
});

const KINDS = { Create: 'create', Update: 'update', Delete: 'delete' } as const;

/**
 * Reads the event that CloudFormation invokes a custom resource's function with. `Objects` are the objects
 * to write: the `s3://` address and the text of each.
 *
 * @throws LoadError `event-foreign` for any other event.
 */
export function readDeploymentEvent(event: unknown): DeploymentRequest {
  const read = requestEvent.safeParse(event);
  if (!read.success) {
    throw new LoadError(
      'event-foreign',
      `the event is not a custom resource's: ${z.prettifyError(read.error)}`,
      {
        class: 'config',
        hint: 'this function is called by CloudFormation; to run migrations by hand there is `millrace migrate`',
      },
    );
  }
  const { RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, PhysicalResourceId } = read.data;
  const { Objects: objects = [] } = read.data.ResourceProperties;
  return {
    kind: KINDS[RequestType],
    responseUrl: ResponseURL,
    physicalId: PhysicalResourceId ?? `millrace-${LogicalResourceId}`,
    echo: { StackId, RequestId, LogicalResourceId },
    objects: objects.map(({ Url, Body }) => ({ ...parseUrl(Url), body: Body })),
  };
}
