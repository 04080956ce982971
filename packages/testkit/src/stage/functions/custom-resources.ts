import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Properties } from '../template/cloud-assembly.ts';
import type { ResolvedTemplate } from '../template/resolved-template.ts';
import type { StagedFunction } from './staged-function.ts';

/** Read from the template itself, or of no meaning on the stage. */
const NOT_RUN = new Set([
  'Custom::S3BucketNotifications',
  'Custom::S3AutoDeleteObjects',
  'Custom::LogRetention',
]);

interface Answer {
  readonly Status?: string;
  readonly Reason?: string;
}

/**
 * Makes the template's own resources, as CloudFormation does: calls the function behind each, and waits for its answer.
 *
 * @throws Error when one of them answers with a failure: the deployment would stop there.
 */
export async function makeCustomResources(
  template: ResolvedTemplate,
  functions: ReadonlyMap<string, StagedFunction>,
): Promise<void> {
  const types = [...template.types()].filter(
    (type) =>
      (type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource') && !NOT_RUN.has(type),
  );
  for (const { id, type, properties } of template.ofType(...types)) {
    const { ServiceToken } = properties;
    const called = functions.get(String(ServiceToken));
    if (called === undefined)
      throw new Error(`the stage knows no function '${String(ServiceToken)}' behind '${id}' (${type})`);
    const { Status, Reason = 'no reason' } = await ask(called, { id, type, properties });
    if (Status !== 'SUCCESS') throw new Error(`the deployment stops at '${id}' (${type}): ${Reason}`);
  }
}

async function ask(
  called: StagedFunction,
  { id, type, properties }: { id: string; type: string; properties: Properties },
): Promise<Answer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answered = new Promise<Answer>((resolve) => {
    server.on('request', (request, response) => {
      void text(request).then((body) => {
        response.end();
        resolve(JSON.parse(body) as Answer);
      });
    });
  });
  try {
    const invoked = called.invokeInTurn({
      RequestType: 'Create',
      ResponseURL: `http://127.0.0.1:${port}/answer`,
      StackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/stage/1',
      RequestId: 'stage',
      LogicalResourceId: id,
      ResourceType: type,
      ResourceProperties: properties,
    });
    // A function that fails says nothing to CloudFormation, which would wait for an hour.
    return await Promise.race([answered, invoked.then(() => answered)]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
