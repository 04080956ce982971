import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_TIMEOUT_MS, buildPackage, PACKAGE } from './build-package';
import { wholeTemplate } from './loader-stack';
import { brokenRules, type TemplateJson } from './template-rules';

let directory: string;
let template: TemplateJson;

/** As `npm run synth` does it, with cdk-nag looking on. */
beforeAll(async () => {
  buildPackage();
  directory = mkdtempSync(join(tmpdir(), 'millrace-example-'));
  const { ExampleStack } = await import(
    pathToFileURL(join(PACKAGE, '..', '..', 'examples', 'cdk', 'example-stack.ts')).href
  );
  const app = new App({ outdir: directory });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  new ExampleStack(app, 'MillraceExample');
  // Throws with every rule that is broken and not acknowledged.
  app.synth();
  template = JSON.parse(readFileSync(join(directory, 'MillraceExample.template.json'), 'utf8'));
}, BUILD_TIMEOUT_MS);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The template without what changes with every change of the functions. */
function withoutHashes(value: unknown): unknown {
  const text = JSON.stringify(value, null, 2);
  return text.replaceAll(/\b[0-9a-f]{64}\b/gu, 'HASH');
}

describe('the example', () => {
  it('has nothing that cdk-nag finds and nobody gave a reason for', () => {
    const report: { pluginReports: readonly { conclusion: string }[] } = JSON.parse(
      readFileSync(join(directory, 'validation-report.json'), 'utf8'),
    );
    expect(report.pluginReports.map(({ conclusion }) => conclusion)).not.toContain('failure');
  });

  it('keeps the rules that every template keeps', () => {
    expect(brokenRules(template)).toEqual([]);
  });
});

it('a template is what it was', async () => {
  await expect(withoutHashes(wholeTemplate())).toMatchFileSnapshot('golden/loader.template.json');
});
