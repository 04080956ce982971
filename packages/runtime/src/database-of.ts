import type { MillraceConfig } from '@millrace/core';
import { LOCAL_DATABASE } from './open-context.ts';
import { addressOf } from './open-postgres.ts';

/** The database that the targets are in: the first part of statements' names, and of keys in a shared table. */
export function databaseOf({ warehouse }: Pick<MillraceConfig, 'warehouse'>): string {
  switch (warehouse.kind) {
    case 'local':
      return LOCAL_DATABASE;
    case 'redshift':
      return warehouse.database;
    case 'postgres':
      return addressOf(warehouse).database;
  }
}
