import type { StatementSync } from 'node:sqlite';
import type { StateDatabase } from './state-database.ts';
import { FILE_COLUMNS } from './tracker-rows.ts';

/** The statements of a tracker, prepared once. */
export type TrackerStatements = ReturnType<typeof prepareTracker>;

/** Prepares what a tracker runs. Parameters are positional except where a value is used twice. */
export function prepareTracker(database: StateDatabase): Record<keyof typeof STATEMENTS, StatementSync> {
  const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, StatementSync>;
}

const STATEMENTS = {
  lane: 'SELECT target, version, arrivals, body FROM lane WHERE target = ?',
  lanes: 'SELECT target, version, arrivals, body FROM lane ORDER BY target',
  updateLane: `UPDATE lane SET version = version + 1, body = :body
    WHERE target = :target AND version = :version AND (:ifArrivals IS NULL OR arrivals = :ifArrivals)`,
  insertLane: `INSERT INTO lane (target, version, arrivals, body) VALUES (:target, 1, 0, :body)
    ON CONFLICT (target) DO NOTHING`,
  addArrivals: `INSERT INTO lane (target, version, arrivals, body) VALUES (?, 0, ?, ?)
    ON CONFLICT (target) DO UPDATE SET arrivals = arrivals + excluded.arrivals`,

  gate: 'SELECT version, body FROM gate WHERE id = 1',
  updateGate: 'UPDATE gate SET version = version + 1, body = :body WHERE id = 1 AND version = :version',
  insertGate: 'INSERT INTO gate (id, version, body) VALUES (1, 1, ?) ON CONFLICT (id) DO NOTHING',

  targetId: 'SELECT id FROM target WHERE name = ?',
  addTarget: 'INSERT INTO target (name) VALUES (?) ON CONFLICT (name) DO NOTHING',

  insertFile: `INSERT INTO file (target_id, id, key_id, bucket, key, etag, size, arrived_at, written_at, version_id,
      status, evidence, evidence_at)
    VALUES (?, unhex(?), unhex(?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (target_id, id) DO NOTHING`,
  setStatus: `UPDATE file SET status = ?, evidence = ?, evidence_at = ? WHERE target_id = ? AND id = unhex(?)`,
  noteFailure: `UPDATE file SET evidence = ?, evidence_at = ? WHERE target_id = ? AND id = unhex(?) AND status = 0`,
  redrive: `UPDATE file SET status = 0, arrived_at = ? WHERE target_id = ? AND id = unhex(?) AND status = 3`,
  statusById: 'SELECT status FROM file WHERE target_id = ? AND id = unhex(?)',
  byId: `SELECT ${FILE_COLUMNS} FROM file WHERE target_id = ? AND id = unhex(?)`,

  // INDEXED BY: without its index a lane's look at its line would read every file it ever had.
  inLine: `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_in_line WHERE target_id = ? AND status = 0
    ORDER BY arrived_at, key, file.id LIMIT ?`,
  waitingAfter: `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_in_line
    WHERE target_id = ? AND status = 0 AND (arrived_at, key, file.id) > (?, ?, unhex(?))
    ORDER BY arrived_at, key, file.id LIMIT ?`,
  quarantinedAfter: `SELECT ${FILE_COLUMNS}, evidence_at AS evidenceAt, seq FROM file INDEXED BY file_trouble_of_target
    WHERE target_id = ? AND evidence_at IS NOT NULL AND status = 3 AND (evidence_at, seq) > (?, ?)
    ORDER BY evidence_at, seq LIMIT ?`,
  forgetLoaded: 'DELETE FROM file WHERE target_id = ? AND id = unhex(?) AND status = 1',
  versions: `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_versions
    WHERE target_id = ? AND key = ? AND status = 0 ORDER BY arrived_at, file.id`,
  quarantinedVersions: `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_quarantined
    WHERE target_id = ? AND key = ? AND status = 3 ORDER BY arrived_at, file.id`,
  // Superseded files have no index by key: people alone look for them, among those with evidence.
  supersededVersions: `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_trouble_of_target
    WHERE target_id = ? AND evidence_at IS NOT NULL AND key = ? AND status = 2 ORDER BY arrived_at, file.id`,
  oldestWaiting: `SELECT arrived_at AS arrivedAt FROM file INDEXED BY file_in_line
    WHERE target_id = ? AND status = 0 ORDER BY arrived_at LIMIT 1`,
  // Those of one instant are ordered by themselves: the index has the rest in order.
  trouble: `SELECT target.name AS target, ${FILE_COLUMNS}
    FROM file INDEXED BY file_trouble JOIN target ON target.id = target_id
    WHERE evidence_at IS NOT NULL AND evidence_at <= :at
      AND (evidence_at, file.id, target.name) < (:at, unhex(:id), :target)
    ORDER BY evidence_at DESC, file.id DESC, target.name DESC LIMIT :limit`,
  troubleOfTarget: `SELECT target.name AS target, ${FILE_COLUMNS}
    FROM file INDEXED BY file_trouble_of_target JOIN target ON target.id = target_id
    WHERE target_id = :targetId AND evidence_at IS NOT NULL AND evidence_at <= :at
      AND (evidence_at, file.id, target.name) < (:at, unhex(:id), :target)
    ORDER BY evidence_at DESC, file.id DESC LIMIT :limit`,

  addToTally: `INSERT INTO tally (target_id, status, files) VALUES (?, ?, ?)
    ON CONFLICT (target_id, status) DO UPDATE SET files = files + excluded.files`,
  tally: 'SELECT status, files FROM tally WHERE target_id = ?',

  putJob: `INSERT INTO job (id, target, attempt, state, files, bytes, rows, submitted_at, settled_at, error)
    VALUES (:id, :target, :attempt, :state, :files, :bytes, :rows, :submittedAt, :settledAt, :error)
    ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt, state = excluded.state, files = excluded.files,
      bytes = excluded.bytes, rows = excluded.rows, submitted_at = excluded.submitted_at,
      settled_at = excluded.settled_at, error = excluded.error`,
  jobs: 'SELECT * FROM job WHERE target = ? ORDER BY submitted_at DESC, id DESC LIMIT ?',
} as const;
