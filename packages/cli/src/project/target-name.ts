import { LoadError, nearestWord } from '@millrace/core';
import type { Project } from './project.ts';

/**
 * The target that a word of the command line means: `flights` is `public.flights`, in any case.
 *
 * @throws LoadError `target-unknown`, before anything is opened
 */
export function targetOf({ config, configPath }: Project, word: string): string {
  const name = tableOf(word);
  if (config.targets.has(name)) return name;
  const names = [...config.targets.keys()];
  const nearest = nearestWord(name, names);
  const listed = names.length === 0 ? 'it has none yet: add one' : `its targets are ${names.join(', ')}`;
  throw new LoadError('target-unknown', `'${word}' is not a target of ${configPath}`, {
    hint: nearest === undefined ? listed : `did you mean ${nearest}?`,
  });
}

/** The table that a word means, a target or not. */
export function tableOf(word: string): string {
  const folded = word.toLowerCase();
  return folded.includes('.') ? folded : `public.${folded}`;
}
