import type { SQLOutputValue } from 'node:sqlite';
import {
  type Evidence,
  type FileStatus,
  freshGate,
  freshLane,
  type Gate,
  type JobRecord,
  type Lane,
  type LoadFile,
  type TrackedFile,
  urlOf,
} from '@millrace/core';
import { STATUS_CODES } from './tracker-schema.ts';

export type Row = Record<string, SQLOutputValue>;

/** The columns of `file` that `toTrackedFile` reads; ids as hex, as the core has them. */
export const FILE_COLUMNS = `lower(hex(file.id)) AS id, lower(hex(key_id)) AS keyId, bucket, key, etag, size,
  arrived_at AS arrivedAt, written_at AS writtenAt, version_id AS versionId, status, evidence`;

const STATUS_BY_CODE = new Map<unknown, FileStatus>([
  [STATUS_CODES.waiting, 'waiting'],
  [STATUS_CODES.loaded, 'loaded'],
  [STATUS_CODES.superseded, 'superseded'],
  [STATUS_CODES.quarantined, 'quarantined'],
]);

export function toTrackedFile(target: string, row: Row): TrackedFile {
  const identity = {
    bucket: text(row, 'bucket'),
    key: text(row, 'key'),
    etag: text(row, 'etag'),
    size: int(row, 'size'),
  };
  const file: LoadFile = {
    id: text(row, 'id'),
    keyId: text(row, 'keyId'),
    url: urlOf(identity),
    identity,
    arrivedAt: int(row, 'arrivedAt'),
    ...(row.writtenAt === null ? {} : { writtenAt: int(row, 'writtenAt') }),
    ...(row.versionId === null ? {} : { versionId: text(row, 'versionId') }),
  };
  const status = STATUS_BY_CODE.get(row.status);
  if (!status)
    throw new Error(`the tracker has a file with status ${row.status}, which no version ever wrote`);
  return {
    target,
    file,
    status,
    ...(row.evidence === null ? {} : { evidence: JSON.parse(text(row, 'evidence')) as Evidence }),
  };
}

/** The stored part of a lane that is not a column of its own. */
export function laneBody({ target: _, version: __, arrivals: ___, ...body }: Lane): string {
  return JSON.stringify(body);
}

export function toLane(row: Row): Lane {
  const target = text(row, 'target');
  // A lane that an older version wrote lacks the fields that came later: they have their fresh values.
  const body = JSON.parse(text(row, 'body')) as Partial<Lane>;
  return {
    ...freshLane(target),
    ...body,
    target,
    version: int(row, 'version'),
    arrivals: int(row, 'arrivals'),
  };
}

export function gateBody({ version: _, ...body }: Gate): string {
  return JSON.stringify(body);
}

export function toGate(row: Row): Gate {
  return {
    ...freshGate(),
    ...(JSON.parse(text(row, 'body')) as Partial<Gate>),
    version: int(row, 'version'),
  };
}

export function toJob(row: Row): JobRecord {
  return {
    id: text(row, 'id'),
    target: text(row, 'target'),
    attempt: int(row, 'attempt'),
    state: text(row, 'state') as JobRecord['state'],
    files: int(row, 'files'),
    bytes: int(row, 'bytes'),
    rows: row.rows === null ? null : int(row, 'rows'),
    submittedAt: int(row, 'submitted_at'),
    settledAt: row.settled_at === null ? null : int(row, 'settled_at'),
    error: row.error === null ? null : text(row, 'error'),
  };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`the tracker's column ${column} holds ${value}, not a text`);
  return value;
}

function int(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number')
    throw new Error(`the tracker's column ${column} holds ${value}, not a number`);
  return value;
}
