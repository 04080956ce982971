/*
 * `millrace/vitest`: an offline Redshift for the tests of any project.
 */
export { type TestRedshift, type UseRedshiftOptions, useRedshift } from './use-redshift.ts';
