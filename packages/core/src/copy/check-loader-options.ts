import { LoadError } from '../recover/load-error.ts';
import type { CopyOptions } from './copy-options.ts';

/**
 * What a loader's configuration may not say: options that would load nothing, load out of the loader's sight, lose
 * rows silently, or put secrets into statements.
 *
 * @throws LoadError `copy-option`, with a way out. The caller adds where in the configuration it stands.
 */
export function checkLoaderOptions(options: CopyOptions, { allowRowLoss }: { allowRowLoss: boolean }): void {
  const refuse = (what: string, hint: string): never => {
    throw new LoadError('copy-option', what, { hint, class: 'config' });
  };
  if (options.noLoad) refuse('NOLOAD would load nothing and still write receipts', 'remove it');
  if (options.job !== undefined) refuse('JOB hands the loading to Redshift', 'remove JOB CREATE');
  if (options.manifest) refuse('MANIFEST is added by the loader itself', 'remove it');
  if (options.compUpdate === 'on' || options.compUpdate === 'preset') {
    refuse(
      `COMPUPDATE ${options.compUpdate.toUpperCase()} analyses the table at every load`,
      'remove it; COMPUPDATE OFF is added',
    );
  }
  if (options.encrypted) {
    refuse(
      'ENCRYPTED (client-side encryption) is no longer served by Redshift',
      'use encryption by S3, which needs no option',
    );
  }
  if (options.credentials?.kind === 'keys') {
    refuse('access keys in COPY end up in logs', 'use IAM_ROLE');
  }
  if (options.ssh || options.readRatio !== undefined)
    refuse('SSH and READRATIO do not go with objects in S3', 'remove them');
  if (allowRowLoss) return;
  const maxError = options.maxError ?? 0;
  if (maxError > 1) {
    refuse(`MAXERROR ${maxError} skips bad rows`, 'remove it, or accept the loss with allowRowLoss: true');
  }
  if (options.ignoreAllErrors) {
    refuse('IGNOREALLERRORS skips bad rows', 'remove it, or accept the loss with allowRowLoss: true');
  }
}
