import { parseUrl } from '../../file/identity.ts';
import { loadFileOf } from '../../file/load-file.ts';
import { tableNameOf } from '../../load/ledger.ts';
import { loadedColumns } from '../../load/loaded-columns.ts';
import { missingTable } from '../../load/missing-table.ts';
import { privilegesFor } from '../../load/plan-grants.ts';
import { checkPartitionColumns } from '../../load/plan-partition.ts';
import { checkProvenance } from '../../load/provenance.ts';
import type { TargetDefinition } from '../../load/target-definition.ts';
import type { CheckResult } from '../../ports/doctor.ts';
import type { TableColumn } from '../../ports/warehouse.ts';
import { LoadError } from '../../recover/load-error.ts';
import type { Loader } from '../../verbs/loader.ts';
import { fails, failsBy, passes, warns } from './check-result.ts';

/** Repeated keys that are told. */
const REPEATED_KEYS = 3;
/** Types whose values are not the same twice when they look the same. */
const INEXACT = /^(?:real|double precision|float)/iu;
const TEXT = /^(?:character|varchar|char|text|bpchar)/iu;

/**
 * What a target's table, columns, options, rights and keys are like. Reads the warehouse; a key column as a whole.
 *
 * @param options `pending`: migrations that are not applied yet; one of them may make the table.
 */
export async function checkTarget(
  loader: Loader,
  definition: TargetDefinition,
  { pending }: { pending: readonly string[] },
): Promise<readonly CheckResult[]> {
  const { name } = definition;
  const check = `table ${name}`;
  let columns: readonly TableColumn[] | undefined;
  try {
    columns = await loader.warehouse.describeTable(name);
    if (columns === undefined) {
      const missing = await missingTable(loader.warehouse, name);
      if (pending.length === 0) throw missing;
      const fix = 'apply the migrations: `millrace up` does it when it starts, `millrace migrate` at once';
      return [warns(check, `is not in the warehouse, and ${pending.join(', ')} not applied yet`, fix)];
    }
  } catch (error) {
    return [failsBy(check, error)];
  }
  return [
    passes(check, `is there, with ${columns.length} columns`),
    checkColumns(definition, columns),
    ...checkKeyTypes(definition, columns),
    checkCopy(definition),
    await checkRights(loader, definition),
    ...(await checkKeys(loader, definition, columns)),
  ];
}

function checkColumns(
  { name, rule, partition }: TargetDefinition,
  tableColumns: readonly TableColumn[],
): CheckResult {
  const check = `columns ${name}`;
  try {
    if (rule.provenance === true) checkProvenance(name, tableColumns);
    if (partition !== undefined) checkPartitionColumns(name, { partition, tableColumns });
    const columns = loadedColumns(rule, { target: name, tableColumns });
    const required = tableColumns.filter(
      (column) =>
        !column.isNullable && !column.isIdentity && !columns.some((one) => one.name === column.name),
    );
    if (required.length > 0 && rule.provenance !== true) {
      const names = required.map((column) => column.name).join(', ');
      return warns(
        check,
        `the files do not have ${names}, which may not be NULL: every load fails unless there is a default`,
        'list the column in `columns`, or give it a DEFAULT',
      );
    }
    const keys = rule.key.length === 0 ? '' : `; key ${rule.key.join(', ')}`;
    const order = rule.latestBy.length === 0 ? '' : `, latest by ${rule.latestBy.join(', ')}`;
    return passes(check, `the files' ${columns.length} columns are in the table${keys}${order}`);
  } catch (error) {
    return failsBy(check, error);
  }
}

function checkKeyTypes(
  { name, rule }: TargetDefinition,
  tableColumns: readonly TableColumn[],
): readonly CheckResult[] {
  const typeOf = (column: string): string => tableColumns.find((one) => one.name === column)?.type ?? '';
  const inexact = rule.key.filter((column) => INEXACT.test(typeOf(column)));
  const texts = rule.latestBy.filter((column) => TEXT.test(typeOf(column)));
  return [
    ...(inexact.length === 0
      ? []
      : [
          warns(
            `key ${name}`,
            `${inexact.join(', ')} is a floating-point number: equal values may differ in their last bit, and are two keys then`,
            'use NUMERIC or an integer for the key',
          ),
        ]),
    ...(texts.length === 0
      ? []
      : [
          warns(
            `latestBy ${name}`,
            `${texts.join(', ')} is text: versions are ordered letter by letter ('9' is later than '10')`,
            'use a TIMESTAMP or a number, unless the texts sort as they should (ISO 8601 does)',
          ),
        ]),
  ];
}

function checkCopy(definition: TargetDefinition): CheckResult {
  const check = `copy ${definition.name}`;
  const [from = 's3://bucket/'] = definition.from;
  const { bucket, key } = parseUrl(from);
  try {
    const { format, options } = definition.copyFor(
      loadFileOf({ bucket, key: `${key}example`, etag: 'example', size: 1 }, 0).identity,
    );
    if (/\b(?:MAXERROR|IGNOREALLERRORS)\b/iu.test(options)) {
      return warns(
        check,
        `rows that cannot be loaded are left out, by ${options}`,
        'leave MAXERROR and IGNOREALLERRORS out, so that a bad file is quarantined as a whole',
      );
    }
    return passes(check, `${format}${options === '' ? '' : `: ${options}`}`);
  } catch (error) {
    return failsBy(check, error);
  }
}

async function checkRights({ warehouse }: Loader, definition: TargetDefinition): Promise<CheckResult> {
  const check = `rights ${definition.name}`;
  const privileges = privilegesFor(definition.rule);
  if (warehouse.dialect.supportsPrivilegeQuestions !== true) {
    return passes(check, 'this warehouse has one user, which may do everything');
  }
  try {
    const [row] = await warehouse.transact([
      warehouse.dialect.render({
        kind: 'select-privileges',
        table: tableNameOf(definition.name),
        privileges,
      }),
    ]);
    const missing = privileges.filter((privilege) => Number(row?.[privilege.toLowerCase()] ?? 0) !== 1);
    if (missing.length === 0) return passes(check, `the user has ${privileges.join(', ')}`);
    return fails(
      check,
      `the user lacks ${missing.join(', ')}`,
      'run the SQL of `millrace grants USER` as somebody with the rights',
    );
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    return warns(check, `could not be asked: ${error.message}`, 'compare them with `millrace grants USER`');
  }
}

async function checkKeys(
  { warehouse }: Loader,
  { name, rule }: TargetDefinition,
  columns: readonly TableColumn[],
): Promise<readonly CheckResult[]> {
  // A key that is not there has been told with the columns.
  if (rule.key.some((key) => !columns.some((column) => column.name === key))) return [];
  if (rule.mode !== 'upsert' && rule.mode !== 'insert-only') return [];
  const check = `unique ${name}`;
  try {
    const rows = await warehouse.transact([
      warehouse.dialect.render({
        kind: 'find-repeated-keys',
        target: tableNameOf(name),
        key: rule.key,
        limit: REPEATED_KEYS,
      }),
    ]);
    const shown = rule.key.join(', ');
    if (rows.length === 0) return [passes(check, `no two rows have the same ${shown}`)];
    const found = rows.map(
      (row) => `(${rule.key.map((column) => String(row[column])).join(', ')}): ${row.found} rows`,
    );
    return [
      fails(
        check,
        `keys are repeated, such as ${found.join('; ')}: another writer, or rows from before`,
        `keep one row per ${shown}: Redshift does not enforce keys, and a target of mode ${rule.mode} has one writer`,
      ),
    ];
  } catch (error) {
    return [failsBy(check, error)];
  }
}
