import {
  type Evidence,
  type FileStatus,
  keyIdOf,
  type LoadFile,
  type TrackedFile,
  urlOf,
} from '@millrace/core';
import { cutText } from './cut-text.ts';
import {
  ASIDE,
  type Item,
  type ItemKey,
  keyOf,
  number,
  partitionOf,
  sortKeyOf,
  text,
  WAITING,
} from './table-layout.ts';

/** Bytes of each text in evidence: with four of them an item is far from DynamoDB's 400 KB. */
const MAX_EVIDENCE_BYTES = 4_096;

/** Where the items of one target's files are. */
export class FileKeys {
  readonly partition: string;

  constructor(database: string, target: string) {
    this.partition = partitionOf(database, target);
  }

  waiting(id: string): ItemKey {
    return keyOf(this.partition, `${WAITING}${id}`);
  }

  aside(id: string): ItemKey {
    return keyOf(this.partition, `${ASIDE}${id}`);
  }
}

export function waitingItem(keys: FileKeys, file: LoadFile, evidence?: Evidence): Item {
  return { ...keys.waiting(file.id), ...bodyOf(file, evidence) };
}

export function asideItem(
  keys: FileKeys,
  { file, status, evidence }: { file: LoadFile; status: FileStatus; evidence: Evidence },
): Item {
  return { ...keys.aside(file.id), ...bodyOf(file, evidence), q: { S: status } };
}

export function idOf(item: Item): string {
  const sortKey = sortKeyOf(item);
  return sortKey.slice(sortKey.indexOf('#') + 1);
}

export function toTrackedFile(target: string, item: Item): TrackedFile {
  const identity = {
    bucket: text(item, 'b'),
    key: text(item, 'k'),
    etag: text(item, 'e'),
    size: number(item, 's'),
  };
  const file: LoadFile = {
    id: idOf(item),
    keyId: keyIdOf(identity),
    url: urlOf(identity),
    identity,
    arrivedAt: number(item, 'a'),
    ...(item.w === undefined ? {} : { writtenAt: number(item, 'w') }),
    ...(item.v === undefined ? {} : { versionId: text(item, 'v') }),
    ...(item.o === undefined ? {} : { copyOptions: text(item, 'o') }),
  };
  return {
    target,
    file,
    status: item.q === undefined ? 'waiting' : (text(item, 'q') as FileStatus),
    ...(item.x === undefined ? {} : { evidence: JSON.parse(text(item, 'x')) as Evidence }),
  };
}

/** Evidence as it is stored: texts above 4 KB keep their beginning and end. */
export function evidenceText(evidence: Evidence): string {
  const { reason, column, rawValue, hint } = evidence;
  return JSON.stringify({
    ...evidence,
    reason: cutText(reason, MAX_EVIDENCE_BYTES),
    ...(column === undefined ? {} : { column: cutText(column, MAX_EVIDENCE_BYTES) }),
    ...(rawValue === undefined ? {} : { rawValue: cutText(rawValue, MAX_EVIDENCE_BYTES) }),
    ...(hint === undefined ? {} : { hint: cutText(hint, MAX_EVIDENCE_BYTES) }),
  });
}

function bodyOf({ identity, ...file }: LoadFile, evidence: Evidence | undefined): Item {
  return {
    b: { S: identity.bucket },
    k: { S: identity.key },
    e: { S: identity.etag },
    s: { N: String(identity.size) },
    a: { N: String(file.arrivedAt) },
    ...(file.writtenAt === undefined ? {} : { w: { N: String(file.writtenAt) } }),
    ...(file.versionId === undefined ? {} : { v: { S: file.versionId } }),
    ...(file.copyOptions === undefined ? {} : { o: { S: file.copyOptions } }),
    ...(evidence === undefined ? {} : { x: { S: evidenceText(evidence) } }),
  };
}
