import { RedshiftError } from '../redshift-error.ts';

/**
 * Redshift's session parameters with their defaults. Those that act here: `statement_timeout`, `search_path`,
 * `timezone`. The rest is kept for SHOW and changes nothing.
 */
const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['analyze_threshold_percent', '10'],
  ['application_name', ''],
  ['cast_super_null_on_error', 'on'],
  ['client_encoding', 'UTF8'],
  ['datestyle', 'ISO, MDY'],
  ['default_geometry_encoding', '1'],
  ['describe_field_name_in_uppercase', 'off'],
  ['downcase_delimited_identifier', 'on'],
  ['enable_case_sensitive_identifier', 'off'],
  ['enable_case_sensitive_super_attribute', 'off'],
  ['enable_numeric_rounding', 'on'],
  ['enable_result_cache_for_session', 'on'],
  ['enable_vacuum_boost', 'off'],
  ['error_on_nondeterministic_update', 'off'],
  ['extra_float_digits', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['json_parse_dedup_attributes', 'off'],
  ['json_parse_truncate_strings', 'off'],
  ['json_serialization_enable', 'off'],
  ['json_serialization_parse_nested_strings', 'off'],
  ['max_concurrency_scaling_clusters', '1'],
  ['mv_enable_aqmv_for_session', 'on'],
  ['navigate_super_null_on_error', 'on'],
  ['query_group', 'default'],
  ['search_path', '"$user", public'],
  ['spectrum_query_maxerror', '-1'],
  ['statement_timeout', '0'],
  ['stored_proc_log_min_messages', 'log'],
  ['timezone', 'UTC'],
  ['use_fips_ssl', 'off'],
  ['wlm_query_slot_count', '1'],
]);

/** The parameters of one session. SET follows the transaction: what an aborted transaction set is taken back. */
export class Settings {
  #values = new Map<string, string>();
  #before: Map<string, string> | undefined;

  /** @throws RedshiftError 42704 for a parameter that Redshift does not have. */
  get(name: string): string {
    const value = this.#values.get(name) ?? DEFAULTS.get(name);
    if (value === undefined) throw unrecognized(name);
    return value;
  }

  /** `undefined` sets it back to its default. */
  set(name: string, value: string | undefined): void {
    if (!DEFAULTS.has(name)) throw unrecognized(name);
    if (name === 'statement_timeout' && value !== undefined && !/^\d{1,10}$/u.test(value)) {
      throw new RedshiftError(`parameter "statement_timeout" requires an integer value`, {
        sqlState: '22023',
      });
    }
    this.#before ??= new Map(this.#values);
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
  }

  /** Milliseconds; 0 for none. */
  get statementTimeoutMs(): number {
    return Number(this.get('statement_timeout'));
  }

  /** Schemas of the search path; `$user` is left out, since nobody has a schema of his own here. */
  get searchPath(): string[] {
    const schemas = this.get('search_path').split(',');
    return schemas
      .map((schema) => schema.trim().replaceAll('"', '').toLowerCase())
      .filter((schema) => schema !== '$user');
  }

  commit(): void {
    this.#before = undefined;
  }

  /** Whether something was taken back. */
  rollback(): boolean {
    if (this.#before === undefined) return false;
    this.#values = this.#before;
    this.#before = undefined;
    return true;
  }
}

function unrecognized(name: string): RedshiftError {
  return new RedshiftError(`unrecognized configuration parameter "${name}"`, { sqlState: '42704' });
}
