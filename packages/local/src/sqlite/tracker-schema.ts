/** "MrTr": tells a tracker from other SQLite files. */
export const TRACKER_APPLICATION_ID = 0x4d725472;

/** How a file's status is stored. Numbers, so that the partial indexes below stay small; never renumbered. */
export const STATUS_CODES = { waiting: 0, loaded: 1, superseded: 2, quarantined: 3 } as const;

/**
 * The tracker's schema, step by step.
 *
 * - `target` gives a target a small number: it is in every index.
 * - `lane`: `version` and `arrivals` are columns, because writes are conditional on them; the rest is one JSON text.
 * - `file`: one row per target and identity. `file_in_line` holds waiting files in the order in which a lane loads
 *   them; `file_versions` finds the waiting versions of a key by the key and not by its hash: keys arrive in order,
 *   hashes at random, and random inserts cost half the speed of intake.
 *   `file_quarantined` finds those that were put aside in the same way.
 * - `gate` has one row, what stands before all lanes, or none.
 * - `tally` counts files by status; moved in the transaction that moves the files, so that counting reads one row.
 */
export const TRACKER_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

  CREATE TABLE lane (
    target TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    arrivals INTEGER NOT NULL,
    body TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE file (
    seq INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES target (id),
    id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL,
    written_at INTEGER,
    version_id TEXT,
    status INTEGER NOT NULL,
    evidence TEXT,
    evidence_at INTEGER
  );
  CREATE UNIQUE INDEX file_by_id ON file (target_id, id);
  CREATE INDEX file_in_line ON file (target_id, arrived_at, key, id) WHERE status = 0;
  CREATE INDEX file_versions ON file (target_id, key) WHERE status = 0;
  CREATE INDEX file_trouble ON file (evidence_at) WHERE evidence_at IS NOT NULL;
  CREATE INDEX file_trouble_of_target ON file (target_id, evidence_at) WHERE evidence_at IS NOT NULL;

  CREATE TABLE tally (
    target_id INTEGER NOT NULL,
    status INTEGER NOT NULL,
    files INTEGER NOT NULL,
    PRIMARY KEY (target_id, status)
  ) WITHOUT ROWID;

  CREATE TABLE job (
    id TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    rows INTEGER,
    submitted_at INTEGER NOT NULL,
    settled_at INTEGER,
    error TEXT
  ) WITHOUT ROWID;
  CREATE INDEX job_of_target ON job (target, submitted_at, id);
  `,
  `
  CREATE TABLE gate (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  `,
  'CREATE INDEX file_quarantined ON file (target_id, key) WHERE status = 3;',
];
