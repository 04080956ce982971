import { expect, it } from 'vitest';
import { isAlone } from './is-alone.ts';

it.each([
  'VACUUM (ANALYZE) places',
  'create database other',
  'CREATE UNIQUE INDEX CONCURRENTLY by_id ON places (id)',
  'drop index concurrently by_id',
  'ALTER TABLE shop."Places" DETACH PARTITION shop.old CONCURRENTLY',
  "ALTER SYSTEM SET work_mem = '1GB'",
])('takes no transaction: %s', (sql) => {
  expect(isAlone(sql)).toBe(true);
});

it.each([
  'CREATE INDEX concurrently_made ON places (id)',
  'ALTER TABLE places ALTER COLUMN name TYPE VARCHAR(40)',
  "INSERT INTO notes VALUES ('vacuum')",
])('is one of a transaction: %s', (sql) => {
  expect(isAlone(sql)).toBe(false);
});
