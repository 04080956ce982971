import { type ConfigProblem, type ConfiguredTarget, LoadError } from '@millrace/core';
import { toFileReading } from './copy/file-reading.ts';

type Copy = Pick<ConfiguredTarget, 'copyOptions' | 'compressionOf' | 'iamRole'>;

/** What the targets of a configuration ask of COPY that is not there with PostgreSQL, before anything is loaded. */
export function checkTargets(targets: Iterable<ConfiguredTarget>): readonly ConfigProblem[] {
  return [...targets].flatMap((target) => {
    const own = checkCopy(target, ['targets', target.name]);
    const ofSources = target.rules.flatMap(({ copy }, at) =>
      copy === null ? [] : checkCopy(copy, ['targets', target.name, 'from', at]),
    );
    // Where every source says what its files are, the target's own is the first one's.
    const known = new Set(ofSources.map(({ message }) => message));
    return [...own.filter(({ message }) => !known.has(message)), ...ofSources];
  });
}

function checkCopy(
  { copyOptions, compressionOf, iamRole }: Copy,
  path: ConfigProblem['path'],
): ConfigProblem[] {
  if (iamRole !== null) {
    const message = 'IAM_ROLE is not supported with PostgreSQL';
    return [{ path, message, hint: 'remove it: Millrace reads the objects itself' }];
  }
  try {
    toFileReading(copyOptions(compressionOf('')));
    return [];
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const { message, hint } = error;
    return [{ path, message, ...(hint === undefined ? {} : { hint }) }];
  }
}
