import { crashSuite } from '../../runtime/test/crash/crash-suite.ts';
import { openCrashDatabase } from './crash-database.ts';

crashSuite('PostgreSQL', openCrashDatabase);
