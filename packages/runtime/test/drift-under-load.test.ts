import { driftSuite } from './drift-suite.ts';

driftSuite('redshift-local');
