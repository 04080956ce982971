import { crashSuite } from '../../runtime/test/crash/crash-suite.ts';
import { openCrashDatabase } from './crash-database.ts';

/** A sample: as many as on redshift-local are in `crash.deep.ts`. */
crashSuite('PostgreSQL', openCrashDatabase, { kills: 5, times: 1 });
