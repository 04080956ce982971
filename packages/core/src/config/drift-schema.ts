import { z } from 'zod';
import { strictFields } from './strict-fields.ts';

const policy = z
  .enum(['freeze', 'evolve', 'rescue'], "is not a policy; write 'freeze', 'evolve' or 'rescue'")
  .describe(
    '`freeze`: COPY refuses what does not fit. `evolve`: columns are added, texts widened. `rescue`: what does not fit is kept in `_rescued`.',
  );

/** What becomes of files that do not fit their table: a word, or a word with its settings. */
export const drift = z
  .union([
    policy,
    strictFields({
      policy,
      maxColumns: z
        .int('is not a whole number')
        .min(1, 'is too small; write 1 or more')
        .max(1_600, 'is too large; a table of Redshift has at most 1600 columns')
        .default(500)
        .describe('The table gets no column beyond so many.'),
      headroom: z
        .number('is not a number')
        .min(1, 'is too small; write 1 or more: as long as the longest value')
        .max(100, 'is too large; write 100 or less')
        .default(2)
        .describe('How many times as long as the longest value seen a text column is made.'),
      misfits: z
        .enum(['quarantine', 'rescue'])
        .default('quarantine')
        .describe('With `evolve`: what becomes of what no column can be made to take.'),
    }),
  ])
  .default('freeze')
  .describe('What becomes of files that do not fit the table.');
