import type { FunctionRule } from './function-call.ts';
import { template } from './function-rule.ts';

/** Functions that tell of the session. Their values are variables that the session sets (session-variables.ts). */
export const SESSION_FUNCTIONS: readonly [string, FunctionRule][] = [
  ...[
    'pg_last_copy_count',
    'pg_last_copy_id',
    'pg_last_query_id',
    'pg_last_unload_count',
    'pg_last_unload_id',
    'pg_backend_pid',
    'current_database',
    'current_schema',
    'current_user_id',
    'version',
  ].map((name): [string, FunctionRule] => [name, template(`rs_system.${name}()`)]),
];
