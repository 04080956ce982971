import {
  applyMigrations,
  LoadError,
  type MigrationFile,
  type ObjectStore,
  type Warehouse,
} from '@millrace/core';
import { answerDeployment, type DeploymentOutcome } from '../deployment/answer-deployment.ts';
import { type DeploymentRequest, readDeploymentEvent } from '../deployment/deployment-event.ts';
import { errorFields, type Log } from '../log.ts';

/** What a deployment's own step works with. */
export interface DeploymentParts {
  readonly objects: ObjectStore;
  /** Null: the deployment has no migrations. */
  readonly warehouse: Warehouse | null;
  readonly migrations: () => Promise<readonly MigrationFile[]>;
  readonly log: Log;
  readonly now: () => number;
}

/**
 * The step of a deployment before anything is loaded: writes the configuration (or the documents of the queues) and applies
 * the migrations that are pending. CloudFormation enables event sources and schedules behind it; when it fails, the
 * deployment stops and is rolled back, and what ran before goes on.
 *
 * Deleting the stack takes nothing away: configuration, rows and receipts stay.
 *
 * Does not reject for what fails inside: CloudFormation is told, and shows the reason.
 */
export function createDeploymentStep(
  open: () => DeploymentParts,
  log: Log,
): (event: unknown) => Promise<DeploymentOutcome> {
  return async (event) => {
    const request = readDeploymentEvent(event);
    const outcome = await run(request, open, log);
    await answerDeployment(request, outcome);
    return outcome;
  };
}

async function run(
  request: DeploymentRequest,
  open: () => DeploymentParts,
  log: Log,
): Promise<DeploymentOutcome> {
  if (request.kind === 'delete') return { kind: 'done', data: {} };
  try {
    const { objects, warehouse, migrations, now } = open();
    // First: a table that a new configuration names may come with these migrations, and nobody reads it before they ran.
    const report =
      warehouse === null
        ? { applied: [] }
        : await applyMigrations(warehouse, await migrations(), { dryRun: false, now });
    for (const { body, ...at } of request.objects) await objects.write(at, body);
    log.info('deployed', { migrations: report.applied, objects: request.objects.map(({ key }) => key) });
    return { kind: 'done', data: { Applied: report.applied.join(' ') } };
  } catch (error) {
    log.error('the deployment is stopped', errorFields(error));
    return { kind: 'failed', reason: error instanceof LoadError ? error.sentence : String(error) };
  }
}
