import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };
export type Properties = { readonly [name: string]: Value };

export interface Resource {
  readonly Type: string;
  readonly Properties?: Properties;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
}

/** A CloudFormation template, as far as it is executed. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: Value }>>;
  readonly Mappings?: Properties;
  readonly Conditions?: Properties;
}

/** A stack as it was synthesised. */
export interface SynthesisedStack {
  readonly name: string;
  readonly template: Template;
  /** The folder of an asset, by the key that the template names. */
  readonly assets: ReadonlyMap<string, string>;
}

interface Manifest {
  readonly artifacts: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly properties?: {
          readonly templateFile?: string;
          readonly stackName?: string;
          readonly file?: string;
        };
      }
    >
  >;
}

interface AssetManifest {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

/** The stacks of a cloud assembly (`cdk.out`), in the order of their names. @throws the error of a file that is not there. */
export function readAssembly(directory: string): readonly SynthesisedStack[] {
  const read = <T>(file: string): T => JSON.parse(readFileSync(join(directory, file), 'utf8')) as T;
  const { artifacts } = read<Manifest>('manifest.json');
  const assets = new Map<string, string>();
  for (const { type, properties } of Object.values(artifacts)) {
    if (type !== 'cdk:asset-manifest' || properties?.file === undefined) continue;
    for (const { source, destinations } of Object.values(read<AssetManifest>(properties.file).files)) {
      for (const { objectKey } of Object.values(destinations))
        assets.set(objectKey, join(directory, source.path));
    }
  }
  return Object.entries(artifacts)
    .filter(([, { type }]) => type === 'aws:cloudformation:stack')
    .map(([id, { properties }]) => ({
      name: properties?.stackName ?? id,
      template: read<Template>(properties?.templateFile ?? `${id}.template.json`),
      assets,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
