import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateDatabase } from './state-database.ts';

const FIRST = 'CREATE TABLE note (text TEXT NOT NULL)';
const SECOND = `ALTER TABLE note ADD COLUMN author TEXT NOT NULL DEFAULT 'nobody'`;

describe('StateDatabase', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-state-'));
    path = join(directory, 'deep/er/state.db');
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  function open(migrations: readonly string[] = [FIRST], applicationId = 77): StateDatabase {
    return new StateDatabase({ path, what: 'notebook', applicationId, migrations, synchronous: 'full' });
  }

  it('makes the folder and the schema, in WAL mode with synchronous=FULL', () => {
    const database = open();
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 });
    database.close();
  });

  it('waits for the disk again after a write that did not, and one that failed', () => {
    const database = open();
    database.runUnsynced(() => database.prepare('INSERT INTO note VALUES (?)').run('soon'));
    expect(() =>
      database.runUnsynced(() => database.prepare('INSERT INTO note VALUES (NULL)').run()),
    ).toThrow();
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    database.close();
    const again = open();
    expect(again.prepare('SELECT text FROM note').all()).toEqual([{ text: 'soon' }]);
    again.close();
  });

  it('brings an older file to the current schema and keeps what is in it', () => {
    const old = open([FIRST]);
    old.prepare('INSERT INTO note VALUES (?)').run('kept');
    old.close();
    const current = open([FIRST, SECOND]);
    expect(current.prepare('SELECT * FROM note').all()).toEqual([{ text: 'kept', author: 'nobody' }]);
    current.close();
    // A second opening has nothing left to do: the migration would fail if it ran again.
    open([FIRST, SECOND]).close();
  });

  it('leaves an older file as it was when a migration fails', () => {
    open([FIRST]).close();
    expect(() => open([FIRST, 'CREATE TABLE other (x); SELECT broken'])).toThrow(/broken/);
    const unharmed = open([FIRST]);
    expect(unharmed.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()).toEqual([
      { name: 'note' },
    ]);
    unharmed.close();
  });

  it('refuses a file of a newer Millrace, with both versions', () => {
    open([FIRST, SECOND]).close();
    expect(() => open([FIRST])).toThrow(
      expect.objectContaining({ code: 'state-newer', message: expect.stringContaining('version 2') }),
    );
  });

  it('refuses a database of another program and does not touch it', () => {
    open().close();
    rmSync(path);
    const foreign = new DatabaseSync(path);
    foreign.exec('CREATE TABLE theirs (x)');
    foreign.close();
    const before = readFileSync(path);
    expect(() => open()).toThrow(expect.objectContaining({ code: 'state-foreign' }));
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('refuses another kind of state of ours', () => {
    open([FIRST], 78).close();
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'state-foreign', message: expect.stringContaining('notebook') }),
    );
  });

  it('says of a damaged file what its owner has to say', () => {
    open().close();
    writeFileSync(path, 'id,name\n'.repeat(1_000));
    const openAgain = (): StateDatabase =>
      new StateDatabase({
        ...{ path, what: 'notebook', applicationId: 77, migrations: [FIRST], synchronous: 'full' },
        ifDamaged: 'move it away',
      });
    expect(openAgain).toThrow(expect.objectContaining({ code: 'state-foreign', hint: 'move it away' }));
  });

  it('refuses a file that is no database', () => {
    open().close();
    writeFileSync(path, 'id,name\n'.repeat(1_000));
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'state-foreign', message: expect.stringContaining(path) }),
    );
  });

  it('says what cannot be opened, and where', () => {
    path = directory;
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'state-unreachable', message: expect.stringContaining(directory) }),
    );
  });

  it('undoes a transaction that throws, whole', () => {
    const database = open();
    const add = database.prepare('INSERT INTO note VALUES (?)');
    expect(() =>
      database.transact(() => {
        add.run('one');
        throw new Error('half way');
      }),
    ).toThrow('half way');
    expect(database.prepare('SELECT count(*) AS n FROM note').get()).toEqual({ n: 0 });
    database.transact(() => add.run('two'));
    expect(database.prepare('SELECT count(*) AS n FROM note').get()).toEqual({ n: 1 });
    database.close();
  });
});
