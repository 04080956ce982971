import type { Snippet } from './snippet.ts';

/** A snippet that is no file of its own, and what it stands in for the compiler. */
export interface TypescriptFragment {
  readonly page: string;
  /** With what its text begins. */
  readonly begins: string;
  /** What of the file the page leaves out, and why. */
  readonly reason: string;
  /** One line, so that lines keep their distance to the fence. */
  readonly before: string;
  readonly after: string;
}

/** Every one is needed: without its surroundings the compiler refuses the snippet, or it has to go from here. */
export const TYPESCRIPT_FRAGMENTS: readonly TypescriptFragment[] = [
  {
    page: 'docs/deploy.md',
    begins: '// millrace.config.ts\nenvironments:',
    reason: 'one key of a configuration whose others stay as they are',
    before:
      "import { defineConfig, redshift, s3 } from 'millrace'; export default defineConfig({ targets: {},",
    after: '});',
  },
  {
    page: 'docs/step-functions.md',
    begins: 'import { RedshiftCancellation',
    reason: 'stands in the constructor of a stack, as constructs do',
    before:
      "import { Duration, Stack, aws_stepfunctions as sfn } from 'aws-cdk-lib'; class Etl extends Stack { build() {",
    after: '} } new Etl().build();',
  },
  {
    page: 'CONTRIBUTING.md',
    begins: 'const [stack] = readAssembly',
    reason: 'the body of a test, behind its imports and what opens its warehouse',
    before:
      "import { expect } from 'vitest'; import { readAssembly, Stage, type StageOptions } from '@millrace/testkit/stage'; declare const openWarehouse: StageOptions['openWarehouse'];",
    after: 'export {};',
  },
];

export function fragmentOf({ page, text }: Snippet): TypescriptFragment | undefined {
  return TYPESCRIPT_FRAGMENTS.find((fragment) => fragment.page === page && text.startsWith(fragment.begins));
}

/** The text as a file. Imports have to stand before what surrounds the rest. */
export function toModule({ before, after }: TypescriptFragment, text: string): string {
  const imports = /^(?:import .*\n)*/u.exec(text)?.[0] ?? '';
  const rest = text.slice(imports.length);
  return `${imports.replaceAll('\n', ' ')}${before}${'\n'.repeat(imports.split('\n').length - 1)}${rest}${after}\n`;
}
