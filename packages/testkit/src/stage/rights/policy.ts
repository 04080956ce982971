/** A statement of a policy, as templates have it. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
}

export interface PolicyDocument {
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

/** What somebody wants to do. `resource` is undefined where AWS has no narrower one than `*`. */
export interface Wish {
  readonly action: string;
  readonly resource: string | undefined;
  readonly context?: Readonly<Record<string, string>>;
}

export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** Whether a text is of a pattern with `*` and `?`. */
export function isLike(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/gu, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su').test(text);
}

/** Actions are the same in any case. */
function isAction(pattern: string, action: string): boolean {
  return isLike(pattern.toLowerCase(), action.toLowerCase());
}

/** Whether a statement speaks of what is wished, allowing or denying it. */
export function speaksOf(statement: PolicyStatement, { action, resource, context = {} }: Wish): boolean {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  const acts =
    Action === undefined
      ? !listOf(NotAction).some((one) => isAction(one, action))
      : listOf(Action).some((one) => isAction(one, action));
  if (!acts) return false;
  const isOn = (pattern: string): boolean =>
    resource === undefined ? pattern === '*' : isLike(pattern, resource);
  // A policy on a resource may leave the resource out.
  if (Resource !== undefined && !listOf(Resource).some(isOn)) return false;
  if (NotResource !== undefined && listOf(NotResource).some(isOn)) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => meets(operator, context[key], listOf(wanted).map(String))),
  );
}

/** @throws Error for an operator that is not known here: nobody could say whether the right is given. */
function meets(operator: string, value: string | undefined, wanted: readonly string[]): boolean {
  if (operator === 'Null') return wanted.includes(String(value === undefined));
  const isOptional = operator.endsWith('IfExists');
  if (value === undefined) return isOptional || /Not/u.test(operator);
  switch (operator.replace('IfExists', '')) {
    case 'StringEquals':
    case 'ArnEquals':
      return operator.startsWith('Arn') ? wanted.some((one) => isLike(one, value)) : wanted.includes(value);
    case 'StringEqualsIgnoreCase':
      return wanted.some((one) => one.toLowerCase() === value.toLowerCase());
    case 'StringLike':
    case 'ArnLike':
      return wanted.some((one) => isLike(one, value));
    case 'StringNotEquals':
      return !wanted.includes(value);
    case 'StringNotLike':
    case 'ArnNotLike':
    case 'ArnNotEquals':
      return !wanted.some((one) => isLike(one, value));
    case 'Bool':
      return wanted.some((one) => one.toLowerCase() === value.toLowerCase());
    case 'NumericLessThan':
      return wanted.every((one) => Number(value) < Number(one));
    default:
      throw new Error(`the condition operator '${operator}' is not known to the stage`);
  }
}

/** Deny by default; one Deny outweighs every Allow. @returns the statement that allows it. */
export function findAllowing(
  statements: readonly PolicyStatement[],
  wish: Wish,
): PolicyStatement | undefined {
  const speaking = statements.filter((one) => speaksOf(one, wish));
  if (speaking.some(({ Effect }) => Effect === 'Deny')) return undefined;
  return speaking.find(({ Effect }) => Effect === 'Allow');
}
