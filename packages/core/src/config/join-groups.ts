import { loadFileOf } from '../file/load-file.ts';
import { planLoad } from '../load/plan-load.ts';
import { PROVENANCE } from '../load/provenance.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import type { ConfigProblem } from './config-error.ts';
import type { ConfiguredTarget } from './millrace-config.ts';

/** Of one transaction: the Data API's limit, which redshift-local keeps too. */
const MAX_STATEMENTS = 40;
/** Of a group's job beside its locks and what it does for each target: two time limits. */
const FRAME = 2;
/** Statements of a target's own job that a group's has once for all: a time limit, the lock, a time limit. */
const OPENING = 3;

/**
 * Targets that name the same group know of each other afterwards. What is wrong with a group goes to `problems`.
 *
 * @param options `isLimited`: the warehouse takes few statements in one transaction.
 */
export function joinGroups(
  targets: readonly ConfiguredTarget[],
  { problems, isLimited }: { problems: ConfigProblem[]; isLimited: boolean },
): readonly ConfiguredTarget[] {
  const groups = Map.groupBy(
    targets.filter(({ group }) => group !== undefined),
    ({ group }) => group?.name ?? '',
  );
  for (const [name, members] of groups) checkGroup(name, members, { problems, isLimited });
  return targets.map((target) => {
    const own = groups.get(target.group?.name ?? '');
    if (target.group === undefined || own === undefined) return target;
    const members = own.map((one) => one.name).toSorted();
    return { ...target, group: { name: target.group.name, members } };
  });
}

function checkGroup(
  name: string,
  members: readonly ConfiguredTarget[],
  { problems, isLimited }: { problems: ConfigProblem[]; isLimited: boolean },
): void {
  const [first, second] = members;
  const pathOf = (target: ConfiguredTarget): ConfigProblem['path'] => ['targets', target.name, 'group'];
  if (first !== undefined && second === undefined) {
    problems.push({
      path: pathOf(first),
      message: `'${name}' has no other target`,
      hint: 'write the same group at the targets that are to be loaded together, or leave it out',
    });
  }
  for (const target of members) {
    if (target.rule.onRewrite !== 'replace') continue;
    problems.push({
      path: pathOf(target),
      message: "a target with onRewrite 'replace' does loads anew that no other target knows of",
      hint: "choose 'quarantine' or 'reload', or take it out of the group",
    });
  }
  for (const target of members) {
    if (target.drift === undefined) continue;
    // A COPY takes files of one column list: those of another would be left to a later job, and a unit with them.
    problems.push({
      path: [...pathOf(target).slice(0, -1), 'drift'],
      message: `parts files by their columns, and '${name}' loads those that belong together in one job`,
      hint: "write 'freeze', or take the target out of the group",
    });
  }
  if (!isLimited || problems.length > 0) return;
  const counts = members.map((target) => ({ target, count: statementsOf(target) }));
  const total = counts.reduce((sum, { count }) => sum + count, FRAME + members.length);
  if (total <= MAX_STATEMENTS || first === undefined) return;
  const said = counts.map(({ target, count }) => `${target.name} ${count}`).join(', ');
  problems.push({
    path: pathOf(first),
    message: `a job of '${name}' would have ${total} statements (${said}, ${FRAME + members.length} for all), and the warehouse takes ${MAX_STATEMENTS} in one transaction`,
    hint: 'make two groups of it, or take a target out',
  });
}

/** The most that a job does for a target, as the plan has it for a table with all that the target's rule speaks of. */
function statementsOf({ name, rule }: ConfiguredTarget): number {
  const { key, latestBy, tombstone, columns } = rule;
  const filled = rule.provenance === true ? Object.values(PROVENANCE) : [];
  const names = new Set([
    ...key,
    ...latestBy,
    tombstone?.column ?? 'value',
    ...(columns ?? ['value']),
    ...filled,
  ]);
  const tableColumns = [...names].map((column): TableColumn => {
    const type = column === PROVENANCE.loadedAt ? 'timestamp without time zone' : 'character varying(26)';
    return { name: column, type, isNullable: true, isIdentity: false };
  });
  const plan = planLoad({
    target: name,
    rule,
    tableColumns,
    attempt: { jobId: '', attempt: 1, fence: 0 },
    loadedAt: 0,
    files: [loadFileOf({ bucket: 'b', key: 'k', etag: '', size: 0 }, 0)],
    manifestUrl: '',
    fileListManifestUrl: '',
    iamRole: '',
    copyOptions: '',
    lockTimeoutMs: 0,
    statementTimeoutMs: 0,
    // As if the list of files fitted into no statement: that is the longer plan.
    maxStatementBytes: 0,
  });
  return plan.length - OPENING;
}
