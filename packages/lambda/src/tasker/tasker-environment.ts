import type { WarehousePlace } from '@millrace/aws/redshift';
import { ConfigError, type ConfigProblem } from '@millrace/core';
import { z } from 'zod';

/** What the function is told that runs statements for state machines. */
export interface TaskerEnvironment {
  /** Part of the name of every statement: completion events of other taskers are none of its own. */
  readonly name: string;
  /** The table of what states wait for. */
  readonly table: string;
  readonly place: WarehousePlace;
}

const variables = z.object({
  TASKER_NAME: z
    .string('is missing')
    .regex(/^[\w-]{1,64}$/u, 'is not a name of 1 to 64 letters, digits, _ and -'),
  TASKER_TABLE: z
    .string('is missing')
    .regex(/^[\w.-]{3,255}$/u, 'is not the name of a table; 3 to 255 letters, digits, _ - .'),
  REDSHIFT_CLUSTER: z.string().optional(),
  REDSHIFT_WORKGROUP: z.string().optional(),
  REDSHIFT_DATABASE: z.string('is missing'),
  REDSHIFT_DB_USER: z.string().optional(),
  REDSHIFT_SECRET_ARN: z
    .string()
    .regex(/^arn:aws[\w-]*:secretsmanager:/u, 'is not the ARN of a secret; write arn:aws:secretsmanager:…')
    .optional(),
});

/**
 * Reads the environment variables of the tasker. An empty variable is one that is not there.
 *
 * @throws ConfigError with every problem: which variable, what is wrong, what to do. Values are not repeated in it.
 */
export function readTaskerEnvironment(env: Readonly<Record<string, string | undefined>>): TaskerEnvironment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = variables.safeParse(given);
  const problems: ConfigProblem[] = [];
  if (!read.success) {
    for (const { path, message } of read.error.issues) problems.push({ path: [String(path[0])], message });
  }
  const {
    REDSHIFT_CLUSTER: cluster,
    REDSHIFT_WORKGROUP: workgroup,
    REDSHIFT_DB_USER: dbUser,
    REDSHIFT_SECRET_ARN: secretArn,
  } = given;
  if ((cluster === undefined) === (workgroup === undefined)) {
    const message = cluster === undefined ? 'is missing' : 'has no meaning beside REDSHIFT_WORKGROUP';
    const hint = 'name the warehouse by REDSHIFT_CLUSTER or by REDSHIFT_WORKGROUP, one of the two';
    problems.push({ path: ['REDSHIFT_CLUSTER'], message, hint });
  }
  if (dbUser !== undefined && (secretArn !== undefined || workgroup !== undefined)) {
    const other =
      secretArn === undefined
        ? 'REDSHIFT_WORKGROUP, where the role is the user'
        : 'REDSHIFT_SECRET_ARN, which has a user of its own';
    const message = `has no meaning beside ${other}`;
    problems.push({ path: ['REDSHIFT_DB_USER'], message, hint: 'leave it out' });
  }
  if (!read.success || problems.length > 0) throw new ConfigError('the environment', problems);
  const said = read.data;
  return {
    name: said.TASKER_NAME,
    table: said.TASKER_TABLE,
    place: {
      address: workgroup === undefined ? { cluster: cluster ?? '', dbUser } : { workgroup },
      database: said.REDSHIFT_DATABASE,
      secretArn,
    },
  };
}
