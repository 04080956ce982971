import type { TableAttributes } from '../catalog/table-definition.ts';
import type { RedshiftType } from '../catalog/table-info.ts';
import type { PrivilegeStatement } from '../privilege/statement.ts';
import type { QualifiedName } from './token-cursor.ts';

export interface ColumnDeclaration {
  readonly kind: 'column';
  readonly name: string;
  readonly type: RedshiftType;
  readonly isNullable: boolean;
  /** Redshift SQL. */
  readonly defaultText?: string;
  readonly identity?: {
    readonly kind: 'always' | 'by-default';
    readonly seed: number;
    readonly step: number;
  };
}

export interface LikeClause {
  readonly kind: 'like';
  readonly parent: QualifiedName;
  readonly includingDefaults: boolean;
}

export interface CreateTable {
  readonly kind: 'create-table';
  readonly name: QualifiedName;
  readonly isTemporary: boolean;
  readonly ifNotExists: boolean;
  readonly elements: readonly (ColumnDeclaration | LikeClause)[];
  readonly attributes: TableAttributes;
}

export interface CreateTableAs {
  readonly kind: 'create-table-as';
  readonly name: QualifiedName;
  readonly isTemporary: boolean;
  readonly ifNotExists: boolean;
  readonly columns: readonly string[] | undefined;
  readonly attributes: TableAttributes;
  /** Redshift SQL. */
  readonly query: string;
}

export interface CreateView {
  readonly kind: 'create-view';
  readonly name: QualifiedName;
  readonly orReplace: boolean;
  readonly columns: readonly string[] | undefined;
  readonly query: string;
  readonly isLateBinding: boolean;
}

export interface DropRelations {
  readonly kind: 'drop';
  readonly relation: 'table' | 'view';
  readonly names: readonly QualifiedName[];
  readonly ifExists: boolean;
  readonly isCascade: boolean;
}

export type AlterAction =
  | { readonly kind: 'add-column'; readonly column: ColumnDeclaration }
  | { readonly kind: 'drop-column'; readonly column: string; readonly isCascade: boolean }
  | { readonly kind: 'rename-table'; readonly to: string }
  | { readonly kind: 'rename-column'; readonly column: string; readonly to: string }
  | { readonly kind: 'alter-type'; readonly column: string; readonly type: RedshiftType }
  | { readonly kind: 'append'; readonly from: QualifiedName }
  | { readonly kind: 'owner'; readonly owner: string }
  /** Changes what only metadata shows: distribution, sort order, encoding, informational constraints. */
  | { readonly kind: 'attributes'; readonly attributes: Partial<TableAttributes> };

export interface AlterTable {
  readonly kind: 'alter-table';
  readonly name: QualifiedName;
  readonly action: AlterAction;
}

export interface Insert {
  readonly kind: 'insert';
  readonly table: QualifiedName;
  readonly columns: readonly string[] | undefined;
  /** `rows`: VALUES, each expression in Redshift SQL, undefined for DEFAULT. `query`: INSERT … SELECT. */
  readonly source:
    | { readonly kind: 'rows'; readonly rows: readonly (readonly (string | undefined)[])[] }
    | { readonly kind: 'query'; readonly query: string }
    | { readonly kind: 'defaults' };
}

export interface Assignment {
  readonly column: string;
  /** Redshift SQL; undefined for DEFAULT. */
  readonly valueText: string | undefined;
}

export interface Update {
  readonly kind: 'update';
  /** WITH … before it, or empty. */
  readonly prefix: string;
  readonly table: QualifiedName;
  readonly alias: string | undefined;
  readonly assignments: readonly Assignment[];
  /** The FROM list and the condition, in Redshift SQL. */
  readonly from: string | undefined;
  readonly where: string | undefined;
}

export interface Delete {
  readonly kind: 'delete';
  readonly prefix: string;
  readonly table: QualifiedName;
  readonly alias: string | undefined;
  readonly using: string | undefined;
  readonly where: string | undefined;
}

export interface Merge {
  readonly kind: 'merge';
  readonly target: QualifiedName;
  /** The source as written: a name or a subquery in parentheses. */
  readonly source: string;
  readonly alias: string | undefined;
  readonly on: string;
  readonly action:
    | { readonly kind: 'remove-duplicates' }
    | {
        readonly kind: 'clauses';
        readonly matched:
          | { readonly kind: 'update'; readonly assignments: readonly Assignment[] }
          | { readonly kind: 'delete' };
        readonly insertColumns: readonly string[] | undefined;
        readonly insertValues: readonly (string | undefined)[];
      };
}

/** Statements that other folders read and run: the text is theirs to parse. */
export type ForeignStatement =
  | { readonly kind: 'copy'; readonly sql: string }
  | { readonly kind: 'unload'; readonly sql: string }
  | { readonly kind: 'create-procedure'; readonly sql: string }
  | { readonly kind: 'call'; readonly sql: string }
  | { readonly kind: 'drop-procedure'; readonly name: QualifiedName; readonly ifExists: boolean };

export type Statement =
  | CreateTable
  | CreateTableAs
  | CreateView
  | DropRelations
  | AlterTable
  | Insert
  | Update
  | Delete
  | Merge
  | {
      readonly kind: 'create-schema';
      readonly name: string;
      readonly ifNotExists: boolean;
      /** AUTHORIZATION. */
      readonly owner?: string;
    }
  | {
      readonly kind: 'drop-schema';
      readonly names: readonly string[];
      readonly ifExists: boolean;
      readonly isCascade: boolean;
    }
  | { readonly kind: 'query'; readonly sql: string }
  | ForeignStatement
  | PrivilegeStatement
  | { readonly kind: 'truncate'; readonly table: QualifiedName }
  | { readonly kind: 'lock'; readonly tables: readonly QualifiedName[] }
  | { readonly kind: 'explain'; readonly sql: string }
  | { readonly kind: 'begin' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback' }
  | { readonly kind: 'set'; readonly name: string; readonly value: string | undefined }
  | { readonly kind: 'show'; readonly name: string }
  | { readonly kind: 'select-into'; readonly create: CreateTableAs }
  /** Accepted and without effect here; `relation` must exist, `tag` answers. */
  | {
      readonly kind: 'accepted';
      readonly tag: string;
      readonly relations: readonly QualifiedName[];
      /** VACUUM and its like refuse to run in a transaction block. */
      readonly notInTransaction: boolean;
    };
