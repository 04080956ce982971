import { isIP } from 'node:net';

/**
 * Whether an event is of a pattern, as EventBridge has them: lists of values and of filters (`prefix`, `suffix`, `anything-but`, `numeric`,
 * `exists`, `equals-ignore-case`, `wildcard`, `cidr`), and `$or`.
 *
 * @throws Error for a filter that is not one of these.
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  return Object.entries((pattern ?? {}) as Record<string, unknown>).every(([name, wanted]) => {
    if (name === '$or' && Array.isArray(wanted)) return wanted.some((one) => matchesPattern(one, event));
    const value = isObject(event) && Object.hasOwn(event, name) ? event[name] : undefined;
    if (Array.isArray(wanted)) return matchesAny(wanted, value);
    // A list of objects matches when one of them does.
    if (Array.isArray(value)) return value.some((one) => matchesPattern(wanted, one));
    return matchesPattern(wanted, value);
  });
}

function matchesAny(wanted: readonly unknown[], value: unknown): boolean {
  // Of a list in the event, one value has to be wanted.
  const values =
    Array.isArray(value) && value.length > 0 ? value : [Array.isArray(value) ? undefined : value];
  return wanted.some((one) => values.some((each) => matchesOne(one, each)));
}

function matchesOne(wanted: unknown, value: unknown): boolean {
  if (!isObject(wanted)) return wanted === value;
  const [[filter, argument] = ['', undefined]] = Object.entries(wanted);
  switch (filter) {
    case 'exists':
      // Leaves are meant: an object is none.
      return (value !== undefined && !isObject(value)) === argument;
    case 'prefix':
      return matchesText(argument, value, (text, one) => text.startsWith(one));
    case 'suffix':
      return matchesText(argument, value, (text, one) => text.endsWith(one));
    case 'equals-ignore-case':
      return typeof value === 'string' && value.toLowerCase() === String(argument).toLowerCase();
    case 'wildcard':
      return typeof value === 'string' && wildcard(String(argument)).test(value);
    case 'numeric':
      return typeof value === 'number' && isWithin(argument as readonly (string | number)[], value);
    case 'cidr':
      return typeof value === 'string' && isInBlock(String(argument), value);
    case 'anything-but':
      return value !== undefined && !isObject(value) && !isButted(argument, value);
    default:
      throw new Error(`the event pattern uses the filter '${filter}', which is not known here`);
  }
}

/** A text, or `{"equals-ignore-case": text}`. */
function matchesText(
  argument: unknown,
  value: unknown,
  holds: (text: string, one: string) => boolean,
): boolean {
  if (typeof value !== 'string') return false;
  if (!isObject(argument)) return holds(value, String(argument));
  return holds(value.toLowerCase(), String(argument['equals-ignore-case']).toLowerCase());
}

function isButted(argument: unknown, value: unknown): boolean {
  const list = Array.isArray(argument) ? argument : [argument];
  return list.some((one) => {
    if (!isObject(one)) return one === value;
    const [[filter, inner] = ['', undefined]] = Object.entries(one);
    const each = Array.isArray(inner) ? inner : [inner];
    return each.some((text) => matchesOne({ [filter]: text }, value));
  });
}

/** `\*` and `\\` are the characters themselves. */
function wildcard(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\([*\\])|\*|[.+?^${}()|[\]\\]/gu, (found, escaped?: string) => {
    if (escaped !== undefined) return `\\${escaped}`;
    return found === '*' ? '.*' : `\\${found}`;
  });
  return new RegExp(`^${source}$`, 'su');
}

function isWithin(bounds: readonly (string | number)[], value: number): boolean {
  for (let at = 0; at < bounds.length; at += 2) {
    const bound = Number(bounds[at + 1]);
    const holds = {
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
      '=': value === bound,
    }[String(bounds[at])];
    if (holds !== true) return false;
  }
  return bounds.length > 0;
}

function isInBlock(block: string, address: string): boolean {
  const [base = '', length = ''] = block.split('/');
  if (isIP(base) === 0 || isIP(base) !== isIP(address)) return false;
  const bits = isIP(base) === 4 ? 32 : 128;
  const shift = BigInt(bits - Number(length));
  return toNumber(base) >> shift === toNumber(address) >> shift;
}

function toNumber(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => text.split(':').filter((one) => one !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, part) => (sum << 16n) + BigInt(`0x${part}`), 0n);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
