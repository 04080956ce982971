import type { InferredTable } from '../infer/inferred-table.ts';
import { AWS_ENVIRONMENT, awsModuleLines } from './aws-environment.ts';

/** What the configuration of a new project says. */
export interface NewConfig {
  readonly target: string;
  /** `s3://bucket/prefix/` */
  readonly from: string;
  /** The folder that plays S3. */
  readonly objects: string;
  readonly table: Pick<InferredTable, 'format' | 'copy'>;
  /** Whether it also says where things are on AWS, for `--env aws`. */
  readonly onAws?: boolean;
}

/** Short, so that a first try is no wait; every load is a transaction, and more of them cost more. */
const FIRST_FRESHNESS = '5s';

/** millrace.config.ts */
export function renderConfigModule({ target, from, objects, table, onAws = false }: NewConfig): string {
  const { kind, ...options } = table.format;
  const format = Object.keys(options).length === 0 ? `${kind}()` : `${kind}(${literal(options)})`;
  const copy = table.copy === null ? [] : [`      copy: ${literal(table.copy)},`];
  return [
    `import { append, ${kind}, defineConfig, directory } from 'millrace';`,
    '',
    'export default defineConfig({',
    '  // Plays S3: a folder in it is a bucket. Whatever is put there is taken.',
    `  objects: directory({ path: ${literal(objects)} }),`,
    ...(onAws ? awsModuleLines() : []),
    '  targets: {',
    '    // append adds every row; upsert({ key, latestBy, … }) keeps the latest version of each key.',
    `    ${literal(target)}: append({`,
    `      from: ${literal(from)},`,
    `      format: ${format},`,
    ...copy,
    '      // How old a file may be when its rows can be queried.',
    `      freshness: ${literal(FIRST_FRESHNESS)},`,
    '    }),',
    '  },',
    '});',
    '',
  ].join('\n');
}

/** millrace.config.json: the same. */
export function renderConfigJson({ target, from, objects, table, onAws = false }: NewConfig): string {
  const config = {
    objects: { kind: 'directory', path: objects },
    ...(onAws ? { warehouse: { kind: 'local' }, environments: AWS_ENVIRONMENT } : {}),
    targets: {
      [target]: {
        mode: 'append',
        from,
        format: table.format,
        ...(table.copy === null ? {} : { copy: table.copy }),
        freshness: FIRST_FRESHNESS,
      },
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** A value as one would write it in TypeScript, in single quotes unless that needs escapes. */
function literal(value: unknown): string {
  if (typeof value === 'string') {
    const json = JSON.stringify(value);
    return value.includes("'") ? json : `'${json.slice(1, -1).replaceAll('\\"', '"')}'`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).map(([key, one]) => `${key}: ${literal(one)}`);
  return `{ ${fields.join(', ')} }`;
}
