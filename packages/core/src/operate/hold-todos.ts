import { DRIFT } from '../recover/data-streak.ts';

/**
 * What to do about a lane that is held, by the code of its hold. `docs/troubleshooting.md` has a section for each of them;
 * a test holds the two together.
 */
export const HOLD_TODOS: ReadonlyMap<string, string> = new Map([
  [
    DRIFT,
    'the table or its files have changed: migrate the table, correct the configuration, or the files; the lane tries a file every minute',
  ],
  ['target-table-missing', 'create the table, with a migration; the lane looks again every minute'],
  ['target-column-missing', 'add the column with a migration, or correct `columns` of the target'],
  ['table-missing', 'create the table that the message names; of schema millrace: `millrace up` makes it'],
  ['column-missing', 'add the column with a migration, or correct `columns` of the target'],
  ['permission-denied', 'run the SQL of `millrace grants USER` as somebody with the rights'],
  ['access-denied', 'give the role of the process the right that the message names'],
  ['role-refused', 'attach the role of `iamRole` to the warehouse, and let it read the bucket'],
  ['login-refused', 'correct the secret or the database user of the configuration'],
  ['credentials-refused', 'renew the credentials of the process'],
  ['bucket-region', 'say REGION in `copy`, or keep the bucket in the region of the warehouse'],
  ['database-missing', 'correct `database` of the warehouse in the configuration'],
  ['warehouse-missing', 'correct `cluster` or `workgroup` of the warehouse in the configuration'],
  ['usage-limit', 'raise the usage limit of the warehouse, or wait for its next period'],
  ['sql-refused', 'look at the statement: `millrace plan TARGET`, or `millrace jobs ID`'],
  ['merge-duplicates', 'the key of the target is not unique in the table: `millrace doctor` names its rows'],
  [
    'lane-locked',
    "a session holds the lane's lock: look in SVV_TRANSACTIONS who does, and end it with PG_TERMINATE_BACKEND",
  ],
  ['job-document-lost', 'restore the object; the control prefix belongs to Millrace alone'],
  ['columns-unknown', 'restore the column list in the control prefix, or post the events again'],
  [
    'table-not-changed',
    "let the loader's user own the table, run the statement by a migration, or set `drift` to `freeze`",
  ],
  ['drift-unsupported', 'leave `drift` out, or write `freeze`'],
  ['group-too-large', 'take a target out of the group'],
  ['partition-column-missing', 'add the column by a migration, as the message says'],
  ['partition-column-wrong', 'change the column by a migration, as the message says'],
  ['provenance-columns-missing', 'add the columns by a migration, as the message says'],
  ['provenance-columns-wrong', 'change the columns by a migration, as the message says'],
  ['out-of-disk', 'free space, or resize the cluster'],
  ['out-of-memory', 'lower `maxFiles` or `maxBytes` of the target'],
  ['too-many-connections', 'lower `maxLoads`, or find out who holds the connections'],
]);
