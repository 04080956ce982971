import { join } from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { composeDeployment } from '../deployment/compose-deployment.ts';
import { createDeploymentStep } from '../handlers/deployment-step.ts';
import { toLog } from '../log.ts';

const log = toLog(new Logger({ serviceName: 'millrace' }));

/** The function's handler. Migrations are a folder beside its bundle. */
export const handler = createDeploymentStep(
  () => composeDeployment(process.env, { migrations: join(import.meta.dirname, 'migrations'), log }),
  log,
);
