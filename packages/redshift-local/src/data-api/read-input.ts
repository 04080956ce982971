import { ApiError, invalid } from './api-error.ts';

export interface SqlParameter {
  readonly name: string;
  readonly value: string;
}

interface TextRule {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

/**
 * The members of a request, read by name and checked as the Data API's model says. Members that the model does not
 * have are ignored, as AWS does; null is the same as absent.
 */
export class Input {
  readonly #members: Readonly<Record<string, unknown>>;

  /** @throws ApiError `SerializationException` when the body is not a JSON object. */
  constructor(body: string) {
    let value: unknown;
    try {
      value = body === '' ? {} : JSON.parse(body);
    } catch {
      throw serialization('the body is not JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw serialization('the body is not a JSON object');
    }
    this.#members = value as Readonly<Record<string, unknown>>;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  text(name: string, rule: TextRule = {}): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw serialization(`${name} is not a string`);
    checkText(value, name, rule);
    return value;
  }

  requiredText(name: string, rule: TextRule = {}): string {
    return this.text(name, rule) ?? missing(name);
  }

  integer(name: string, { min, max }: { min: number; max: number }): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value))
      throw serialization(`${name} is not an integer`);
    if (value < min) throw constraint(name, value, `Member must have value greater than or equal to ${min}`);
    if (value > max) throw constraint(name, value, `Member must have value less than or equal to ${max}`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.#get(name);
    if (value !== undefined && typeof value !== 'boolean') throw serialization(`${name} is not a boolean`);
    return value;
  }

  /** A list of strings that are not empty. */
  requiredTexts(name: string, { max }: { max: number }): readonly string[] {
    const value = this.#get(name) ?? missing(name);
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw serialization(`${name} is not a list of strings`);
    }
    checkLength(value, name, max);
    for (const [at, item] of value.entries()) checkText(item, `${name}.${at + 1}.member`, { min: 1 });
    return value;
  }

  /** The named values for `:name` in the SQL; undefined when there are none. */
  parameters(name: string): readonly SqlParameter[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw serialization(`${name} is not a list`);
    checkLength(value, name, Number.POSITIVE_INFINITY);
    return value.map((item: unknown, at): SqlParameter => {
      const place = `${name}.${at + 1}.member`;
      const { name: itemName, value: itemValue } = (item ?? {}) as { name?: unknown; value?: unknown };
      if (typeof itemName !== 'string') throw missing(`${place}.name`);
      if (typeof itemValue !== 'string') throw missing(`${place}.value`);
      checkText(itemName, `${place}.name`, { pattern: /^[0-9a-zA-Z_]+$/u });
      checkText(itemValue, `${place}.value`, { min: 1 });
      return { name: itemName, value: itemValue };
    });
  }

  #get(name: string): unknown {
    return this.#members[name] ?? undefined;
  }
}

function checkText(value: string, name: string, { min, max, pattern, oneOf }: TextRule): void {
  if (min !== undefined && value.length < min) {
    throw constraint(name, value, `Member must have length greater than or equal to ${min}`);
  }
  if (max !== undefined && value.length > max) {
    throw constraint(name, value, `Member must have length less than or equal to ${max}`);
  }
  if (pattern !== undefined && !pattern.test(value)) {
    throw constraint(name, value, `Member must satisfy regular expression pattern: ${pattern.source}`);
  }
  if (oneOf !== undefined && !oneOf.includes(value)) {
    throw constraint(name, value, `Member must satisfy enum value set: [${oneOf.join(', ')}]`);
  }
}

function checkLength(value: readonly unknown[], name: string, max: number): void {
  if (value.length < 1) throw constraint(name, '[]', 'Member must have length greater than or equal to 1');
  if (value.length > max) {
    const shown = `a list of ${value.length}`;
    throw constraint(name, shown, `Member must have length less than or equal to ${max}`);
  }
}

/** In an error a long value would hide what is said of it. */
const MAX_SHOWN_CHARS = 100;

function constraint(name: string, value: string | number, rule: string): ApiError {
  const text = String(value);
  const shown = text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
  return invalid(
    `1 validation error detected: Value '${shown}' at '${memberName(name)}' failed to satisfy constraint: ${rule}`,
  );
}

function missing(name: string): never {
  throw invalid(
    `1 validation error detected: Value null at '${memberName(name)}' failed to satisfy constraint: Member must not be null`,
  );
}

/** AWS writes members with a small letter in its errors. */
function memberName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function serialization(what: string): ApiError {
  return new ApiError('SerializationException', what);
}
