import type { ColumnShape, CopyOptions, FileLook } from '@millrace/core';
import { ColumnSurvey, type MomentForms, momentFormsOf } from './column-survey.ts';
import { jsonObjects, textOf } from './json-objects.ts';

/** A file of made-up names must not fill the memory: no table has so many columns. */
const MAX_NAMES = 5_000;

/** Looks at a JSON file from end to end. `ignoresCase`: names match columns whatever their case. */
export async function lookAtJson(
  chunks: AsyncIterable<Uint8Array>,
  { options, ignoresCase }: { options: CopyOptions; ignoresCase: boolean },
): Promise<FileLook> {
  const forms = momentFormsOf(options);
  const surveys = new Map<string, ColumnSurvey>();
  for await (const records of jsonObjects(chunks)) {
    for (const record of records) {
      // COPY refuses it, with the line.
      if (record.kind === 'broken') continue;
      for (const { name, raw } of record.members) {
        const folded = ignoresCase ? name.toLowerCase() : name;
        see(surveys.get(folded) ?? begin(surveys, folded, forms), raw);
      }
      if (surveys.size > MAX_NAMES) return tooManyNames(record.line);
    }
  }
  const columns = [...surveys.values()].map((survey): ColumnShape => survey.shape({ mixesJson: true }));
  return { kind: 'shape', columns };
}

function tooManyNames(line: number): FileLook {
  return {
    kind: 'unreadable',
    reason: `its objects have more than ${MAX_NAMES} different names, the last in line ${line}`,
    line,
    hint: 'write what has no fixed names as one value: an object below one name, for a column of type SUPER',
  };
}

function begin(surveys: Map<string, ColumnSurvey>, name: string, forms: MomentForms): ColumnSurvey {
  const survey = new ColumnSurvey(name, forms);
  surveys.set(name, survey);
  return survey;
}

function see(survey: ColumnSurvey, raw: string): void {
  switch (raw[0]) {
    case 'n':
      return;
    case 't':
    case 'f':
      survey.see('boolean', raw.length);
      return;
    case '"':
      survey.seeQuoted(textOf(raw) ?? raw);
      return;
    case '{':
    case '[':
      survey.see('json', raw.length);
      return;
    default:
      survey.seeNumber(raw);
  }
}
