import { basename } from 'node:path';
import { inferTable } from '../infer/infer-table.ts';
import type { InferredTable } from '../infer/inferred-table.ts';
import { sampleFileOf } from '../infer/sample-file.ts';
import { renderConfigJson, renderConfigModule } from './render-config.ts';
import { renderCreateTable } from './render-create-table.ts';
import type { ProjectFile } from './write-project.ts';

/** The folder that plays S3 in a new project, and the bucket in it. */
const OBJECTS = 'objects';
const BUCKET = 'lake';

export interface NewProject {
  readonly target: string;
  readonly table: InferredTable;
  readonly files: readonly ProjectFile[];
  /** What people type next, in the project's directory. */
  readonly next: readonly string[];
}

/**
 * The files of a project that loads files such as this sample.
 *
 * @param target `schema.table`; by default the table is named after the file
 */
export async function planProject(
  sample: string,
  { target: given, asJson, onAws }: { target: string | undefined; asJson: boolean; onAws: boolean },
): Promise<NewProject> {
  const file = await sampleFileOf(sample);
  const table = await inferTable(file);
  const target = given ?? `public.${file.tableName}`;
  const [schema = '', name = ''] = target.split('.');
  const prefix = schema === 'public' ? `${name}/` : `${schema}/${name}/`;
  // Files whose names begin so are marks of writers, and no route takes them.
  const sampleName = basename(sample).replace(/^[._]+/u, '') || 'sample';
  const config = { target, from: `s3://${BUCKET}/${prefix}`, objects: OBJECTS, table, onAws };
  return {
    target,
    table,
    next: ['millrace up --until-idle', `millrace query 'SELECT * FROM ${target} LIMIT 5'`],
    files: [
      asJson
        ? { path: 'millrace.config.json', content: { text: renderConfigJson(config) } }
        : { path: 'millrace.config.ts', content: { text: renderConfigModule(config) } },
      {
        path: `migrations/0001_create_${schema === 'public' ? name : `${schema}_${name}`}.sql`,
        content: { text: renderCreateTable(target, table, { sampleName: basename(sample) }) },
      },
      { path: `${OBJECTS}/${BUCKET}/${prefix}${sampleName}`, content: { copyOf: sample } },
      { path: '.gitignore', content: { text: '.millrace/\n' } },
    ],
  };
}
