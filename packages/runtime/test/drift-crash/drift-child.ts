import type { Loader, ObjectStore, Warehouse } from '@millrace/core';
import { ObjectShapes } from '@millrace/shapes';
import { Millrace } from '../../src/millrace.ts';
import { replaceMethods } from '../replace-methods.ts';
import { DRIFT_FAILPOINTS, type DriftFailpoint, readDriftConfig } from './drift-project.ts';

// A loader that kills itself the first time that a failpoint is reached. Arguments: directory, failpoint.
const [directory = '', point = ''] = process.argv.slice(2);

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('a killed process goes on');
}

function withDriftFailpoint(loader: Loader, shown: RegExp): Loader {
  const { warehouse, objects } = loader;
  return {
    ...loader,
    warehouse: replaceMethods<Warehouse>(warehouse, {
      query: async (sql) => {
        const result = await warehouse.query(sql);
        if (shown.test(sql)) die();
        return result;
      },
      transact: async (statements) => {
        const rows = await warehouse.transact(statements);
        if (statements.some((sql) => shown.test(sql))) die();
        return rows;
      },
    }),
    objects: replaceMethods<ObjectStore>(objects, {
      write: async (at, body, options) => {
        const written = await objects.write(at, body, options);
        if (shown.test(at.key)) die();
        return written;
      },
    }),
  };
}

const millrace = await Millrace.open(readDriftConfig(), {
  directory,
  what: 'crash test',
  instrument: (loader) => {
    const failing = withDriftFailpoint(loader, DRIFT_FAILPOINTS[point as DriftFailpoint]);
    return {
      ...failing,
      ...(loader.shapes === undefined ? {} : { shapes: new ObjectShapes(failing.objects) }),
    };
  },
});
await millrace.start();
await millrace.untilIdle();
await millrace.stop();
