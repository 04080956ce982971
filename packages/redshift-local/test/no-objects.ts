import type { ObjectStore } from '@millrace/core';

function refuse(): never {
  throw new Error('this test gives the engine no objects');
}

/** A store for tests that load nothing: any use of it fails the test. */
export const noObjects: ObjectStore = {
  head: refuse,
  list: refuse,
  read: refuse,
  write: refuse,
  copy: refuse,
  delete: refuse,
  tag: refuse,
};
