import { describe, expect, it } from 'vitest';
import { checksumOf, planMigrations } from './migration-file.ts';

const flights = { name: '0001_create_flights.sql', sql: 'CREATE TABLE flights (id INT);' };
const airports = {
  name: '0003_create_airports.sql',
  sql: "CREATE TABLE a (x TEXT DEFAULT ';');\n-- rights\nGRANT SELECT ON a TO b;",
};
const applied = (id: number, { name, sql }: { name: string; sql: string }) => ({
  id,
  name,
  checksum: checksumOf(sql),
});

describe('planMigrations', () => {
  it('plans what was not applied, by number, split into statements', () => {
    const tenth = { name: '10_late.sql', sql: 'SELECT 1' };
    const plan = planMigrations([tenth, airports, flights], [applied(1, flights)]);
    expect(plan).toEqual([
      {
        id: 3,
        name: airports.name,
        checksum: checksumOf(airports.sql),
        statements: ["CREATE TABLE a (x TEXT DEFAULT ';')", '-- rights\nGRANT SELECT ON a TO b'],
      },
      { id: 10, name: tenth.name, checksum: checksumOf(tenth.sql), statements: ['SELECT 1'] },
    ]);
  });

  it('plans nothing when everything was applied, also after a checkout with other line ends', () => {
    const dos = { ...airports, sql: `\u{feff}${airports.sql.replaceAll('\n', '\r\n')}` };
    expect(planMigrations([flights, dos], [applied(1, flights), applied(3, airports)])).toEqual([]);
  });

  it.each([
    [
      'no number',
      [{ name: 'create.sql', sql: 'SELECT 1' }],
      [],
      /'create.sql' is not the name of a migration/u,
    ],
    ['another kind of file', [{ name: 'README.md', sql: '' }], [], /'README.md' is not the name/u],
    ['the same number', [flights, { name: '1_other.sql', sql: 'SELECT 1' }], [], /have the same number/u],
    [
      'a changed file',
      [{ ...flights, sql: 'DROP TABLE flights' }],
      [applied(1, flights)],
      /was changed after it was/u,
    ],
    ['a missing file', [], [applied(1, flights)], /its file is missing/u],
    ['a number before an applied one', [flights, airports], [applied(3, airports)], /comes before number 3/u],
    ['no statement', [{ name: '1_a.sql', sql: '-- nothing' }], [], /has no statement/u],
    ['an open string', [{ name: '1_a.sql', sql: "SELECT 'a" }], [], /cannot be split.*unterminated/u],
  ])('refuses %s', (_, files, done, message) => {
    expect(() => planMigrations(files, done)).toThrow(
      expect.objectContaining({ code: 'migrations-invalid', message: expect.stringMatching(message) }),
    );
  });

  it('names all that is wrong at once', () => {
    const files = [
      { name: 'x.sql', sql: '' },
      { ...flights, sql: 'SELECT 2' },
    ];
    expect(() => planMigrations(files, [applied(1, flights), applied(3, airports)])).toThrow(
      /'x.sql'.*'0003_create_airports.sql' was applied|'x.sql'.*changed.*missing/su,
    );
  });
});
