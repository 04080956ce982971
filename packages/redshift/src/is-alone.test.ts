import { expect, it } from 'vitest';
import { isAlone } from './is-alone.ts';

it.each([
  'ALTER TABLE places ALTER COLUMN name TYPE VARCHAR(40)',
  '-- wider\n/* by the bytes seen */ alter table "my shop"."Places" alter column "the name" type varchar(40)',
  'ALTER TABLE shop.places APPEND FROM shop.staged',
  'VACUUM',
  'create database other',
  'DROP EXTERNAL TABLE spectrum.places',
])('takes no transaction: %s', (sql) => {
  expect(isAlone(sql)).toBe(true);
});

it.each([
  'ALTER TABLE places ADD COLUMN kind VARCHAR(40)',
  'ALTER TABLE places ALTER DISTKEY id',
  "INSERT INTO notes VALUES ('vacuum')",
  'CREATE TABLE vacuum (id INTEGER)',
])('is one of a transaction: %s', (sql) => {
  expect(isAlone(sql)).toBe(false);
});
