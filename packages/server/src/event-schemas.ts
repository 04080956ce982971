import { type EventProblem, LoadError } from '@millrace/core';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/** A JSON Schema: draft 2020-12, or draft 7 when its `$schema` says so. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const DRAFT_7 = /draft-0[67]\//u;

/** The schemas that the `data` of events must meet, by type. Types without one take any data. */
export class EventSchemas {
  readonly #checks = new Map<string, ValidateFunction>();

  /** @throws LoadError `schema-invalid` for a schema that is none */
  constructor(schemas: Readonly<Record<string, JsonSchema>>) {
    // One error is enough to refuse an event, and a hostile one could have millions.
    const options = { allErrors: false, strict: false } as const;
    const draft7 = new Ajv(options);
    const draft2020 = new Ajv2020(options);
    for (const ajv of [draft7, draft2020]) formats.default(ajv);
    for (const [type, schema] of Object.entries(schemas)) {
      const ajv = DRAFT_7.test(String(schema.$schema ?? '')) ? draft7 : draft2020;
      try {
        this.#checks.set(type, ajv.compile(schema));
      } catch (cause) {
        throw new LoadError(
          'schema-invalid',
          `the schema of '${type}' is none: ${(cause as Error).message}`,
          {
            class: 'config',
            hint: 'correct it; it describes the data of an event, not the envelope',
            cause,
          },
        );
      }
    }
  }

  /** @returns what is wrong with the data of an event of this type, if anything */
  problemOf(type: string, data: unknown): EventProblem | undefined {
    const check = this.#checks.get(type);
    if (check === undefined || check(data)) return undefined;
    return {
      code: 'event-schema',
      reason: `the schema of '${type}' does not take it: ${wordsOf(check.errors?.[0])}`,
    };
  }
}

function wordsOf(error: ErrorObject | undefined): string {
  if (error === undefined) return 'no reason is given';
  const place = `data${error.instancePath.replaceAll('/', '.')}`;
  const { allowedValues } = error.params as { allowedValues?: unknown };
  const allowed = allowedValues === undefined ? '' : `: ${JSON.stringify(allowedValues)}`;
  return `${place} ${error.message ?? error.keyword}${allowed}`;
}
