import { LoadError, readStatementName } from '@millrace/core';

/** The end of a load job's statement. */
export interface StatementEnd {
  readonly database: string;
  /** `schema.table` */
  readonly target: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly state: string;
  /** The ARNs of where it ran. */
  readonly resources: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads EventBridge's "Redshift Data Statement Status Change". Only what all versions of the event have is relied on: the
 * statement's name and its state.
 *
 * @returns undefined for a statement that is not a load job's.
 * @throws LoadError `event-foreign` for any other event.
 */
export function readStatementEvent(event: unknown): StatementEnd | undefined {
  const fields = isJson(event) ? event : {};
  const { detail } = fields;
  const isOurs = fields.source === 'aws.redshift-data' && isJson(detail);
  if (!isOurs || fields['detail-type'] !== 'Redshift Data Statement Status Change') {
    const found = `detail-type ${JSON.stringify(fields['detail-type'])}, source ${JSON.stringify(fields.source)}`;
    throw new LoadError(
      'event-foreign',
      `the event is not the end of a Redshift Data API statement: ${found}`,
      {
        hint: 'send it "Redshift Data Statement Status Change" events of aws.redshift-data, or wakes by SQS',
      },
    );
  }
  const { statementName: name, state } = detail;
  const statement = typeof name === 'string' ? readStatementName(name) : undefined;
  if (typeof name !== 'string' || statement === undefined) return undefined;
  return {
    database: name.slice(0, name.indexOf('/')),
    ...statement,
    state: String(state),
    resources: Array.isArray(fields.resources) ? fields.resources.map(String) : [],
  };
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
