import {
  GetWorkgroupCommand,
  ListWorkgroupsCommand,
  type RedshiftServerlessClient,
  type Workgroup,
} from '@aws-sdk/client-redshift-serverless';
import { LoadError, type WarehouseState } from '@millrace/core';
import { toDataApiError } from './data-api-errors.ts';

/** Pages of 100: an account has at most a few dozen workgroups in a region. */
const MAX_PAGES = 20;

/**
 * Whether a serverless workgroup takes queries. It has no maintenance windows: AWS updates it without interrupting
 * queries. An idle one is available: the first query wakes it.
 *
 * @param workgroup its name or its ARN
 * @throws LoadError `warehouse-missing`, `access-denied` (class `config`); `unavailable` when AWS could not be asked.
 */
export async function workgroupState(
  client: RedshiftServerlessClient,
  workgroup: string,
): Promise<WarehouseState> {
  const { status } = workgroup.startsWith('arn:')
    ? await findByArn(client, workgroup)
    : await findByName(client, workgroup);
  if (status === 'AVAILABLE') return { kind: 'available', windows: [] };
  const reason = `workgroup ${workgroup} is ${status ?? 'of no known status'}`;
  return { kind: 'unavailable', reason, until: null, windows: [] };
}

async function findByName(client: RedshiftServerlessClient, workgroup: string): Promise<Workgroup> {
  const call = { operation: 'GetWorkgroup', place: `workgroup ${workgroup}`, changes: false };
  try {
    const found = await client.send(new GetWorkgroupCommand({ workgroupName: workgroup }));
    if (found.workgroup !== undefined) return found.workgroup;
  } catch (cause) {
    throw toDataApiError(cause, call);
  }
  throw missing(workgroup);
}

/** GetWorkgroup takes names alone, and an ARN holds an id. */
async function findByArn(client: RedshiftServerlessClient, arn: string): Promise<Workgroup> {
  const call = { operation: 'ListWorkgroups', place: `workgroup ${arn}`, changes: false };
  let nextToken: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const command = new ListWorkgroupsCommand({ maxResults: 100, ...(nextToken && { nextToken }) });
    const page = await client.send(command).catch((cause) => {
      throw toDataApiError(cause, call);
    });
    const found = page.workgroups?.find(({ workgroupArn }) => workgroupArn === arn);
    if (found !== undefined) return found;
    nextToken = page.nextToken;
    if (!nextToken) break;
  }
  throw missing(arn);
}

function missing(workgroup: string): LoadError {
  return new LoadError('warehouse-missing', `there is no workgroup ${workgroup}`, {
    class: 'config',
    hint: 'correct the name or the region',
  });
}
