import type { QualifiedName } from '../sql/token-cursor.ts';
import type { Privilege } from './principal.ts';

/** What a GRANT is about. */
export type GrantObject =
  | { readonly kind: 'relations'; readonly names: readonly QualifiedName[] }
  | { readonly kind: 'all-tables'; readonly schemas: readonly string[] }
  | { readonly kind: 'schemas'; readonly names: readonly string[] }
  | { readonly kind: 'database' };

/** GRANT and REVOKE. */
export interface Grant {
  readonly kind: 'grant';
  readonly isRevoke: boolean;
  readonly privileges: readonly Privilege[];
  readonly on: GrantObject;
  /** Users, and `public`. */
  readonly grantees: readonly string[];
}

/** Statements about users and what is theirs. */
export type PrivilegeStatement =
  | Grant
  | { readonly kind: 'create-user'; readonly name: string; readonly isSuperuser: boolean }
  | { readonly kind: 'alter-user'; readonly name: string; readonly isSuperuser: boolean | undefined }
  | { readonly kind: 'drop-user'; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: 'own-schema'; readonly schema: string; readonly owner: string };
