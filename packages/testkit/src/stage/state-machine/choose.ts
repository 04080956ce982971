import { type ChoiceRule, StateError } from './definition.ts';
import { follow, type Scope } from './payload.ts';

/** Whether a rule of a Choice state holds. */
export function holds(rule: ChoiceRule, scope: Scope): boolean {
  if (rule.And !== undefined) return rule.And.every((one) => holds(one, scope));
  if (rule.Or !== undefined) return rule.Or.some((one) => holds(one, scope));
  if (rule.Not !== undefined) return !holds(rule.Not, scope);
  const value = follow(rule.Variable ?? '$', scope);
  const [name, expected] =
    Object.entries(rule).find(([key]) => !['Variable', 'Next', 'Comment'].includes(key)) ?? [];
  const other = name?.endsWith('Path') === true ? follow(String(expected), scope) : expected;
  const comparison = name?.replace(/Path$/u, '') ?? '';
  switch (comparison) {
    case 'IsPresent':
      return (value !== undefined) === expected;
    case 'IsNull':
      return (value === null) === expected;
    case 'IsString':
      return (typeof value === 'string') === expected;
    case 'IsNumeric':
      return (typeof value === 'number') === expected;
    case 'IsBoolean':
      return (typeof value === 'boolean') === expected;
    case 'StringMatches': {
      const pattern = String(other)
        .split('*')
        .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&'))
        .join('.*');
      return typeof value === 'string' && new RegExp(`^${pattern}$`, 'su').test(value);
    }
  }
  const [, type, operator] =
    /^(String|Numeric|Boolean|Timestamp)(Equals|LessThan|GreaterThan|LessThanEquals|GreaterThanEquals)$/u.exec(
      comparison,
    ) ?? [];
  if (type === undefined) {
    throw new StateError('States.Runtime', `the comparison '${name ?? ''}' is not interpreted here`);
  }
  if (typeof value !== typeof other) return false;
  const [a, b] =
    type === 'Timestamp' ? [Date.parse(String(value)), Date.parse(String(other))] : [value, other];
  if (operator === 'Equals') return a === b;
  const [left, right] = [a as number, b as number];
  if (operator === 'LessThan') return left < right;
  if (operator === 'GreaterThan') return left > right;
  return operator === 'LessThanEquals' ? left <= right : left >= right;
}
