import { RedshiftError } from '../redshift-error.ts';
import type { Value } from '../session/result.ts';
import { tokensOf } from '../sql/token-cursor.ts';

interface Variable {
  readonly type: string;
  readonly isConstant: boolean;
  value: Value;
}

/** The variables of one call: parameters by name and by number, and what DECLARE made. */
export class Variables {
  readonly #variables = new Map<string, Variable>();

  declare(name: string, variable: Variable): void {
    this.#variables.set(name, variable);
  }

  /** The same variable under another name (`$1`). */
  alias(name: string, of: string): void {
    const variable = this.#variables.get(of);
    if (variable) this.#variables.set(name, variable);
  }

  typeOf(name: string): string {
    return this.#find(name).type;
  }

  get(name: string): Value {
    return this.#find(name).value;
  }

  /** @throws RedshiftError for a constant. */
  set(name: string, value: Value): void {
    const variable = this.#find(name);
    if (variable.isConstant) throw new RedshiftError(`"${name}" is declared CONSTANT`, { sqlState: '22005' });
    variable.value = value;
  }

  /**
   * The SQL with every variable replaced by its value. Names after a dot or AS, before a dot or a bracket, and quoted
   * ones are columns, tables and functions.
   */
  substitute(sql: string): string {
    const tokens = tokensOf(sql);
    let out = '';
    let end = 0;
    for (const [index, token] of tokens.entries()) {
      if (token.kind !== 'word' && token.kind !== 'parameter') continue;
      const variable = this.#variables.get(token.text);
      const previous = tokens[index - 1];
      const next = tokens[index + 1]?.text;
      if (!variable || previous?.text === '.' || (previous?.kind === 'word' && previous.text === 'as'))
        continue;
      if (token.kind === 'word' && (next === '.' || next === '(')) continue;
      out += sql.slice(end, token.start) + toLiteral(variable);
      end = token.end;
    }
    return out + sql.slice(end);
  }

  #find(name: string): Variable {
    const variable = this.#variables.get(name);
    if (!variable) throw new RedshiftError(`"${name}" is not a known variable`, { sqlState: '42601' });
    return variable;
  }
}

/** A value as Redshift SQL that has the variable's type wherever it stands. */
function toLiteral({ type, value }: Variable): string {
  if (value === null) return `cast(null as ${type})`;
  const text = String(value).replaceAll('\\', '\\\\').replaceAll("'", "''");
  return `cast('${text}' as ${type})`;
}
