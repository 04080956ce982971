import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, newFolder, runMillrace } from '../../packages/cli/test/run-millrace.ts';
import { PageShell } from './page-shell.ts';
import { commandsOf, programOf, scriptOf } from './shell-command.ts';
import { kindOf, listSnippets, placeOf, type Snippet, snippetsOfKind } from './snippet.ts';

afterEach(cleanUp);

/** Texts that Millrace prints, by the page that shows them; who compares them. */
const COMPARED_BY: Readonly<Record<string, string>> = {
  'docs/configuration.md': 'packages/core/src/config/configuration-doc.test.ts',
  'docs/warehouses.md': 'this file',
};

/** A program that machines may lack. Where it is not there, its snippets are named and not looked at. */
async function whereThereIs(
  probe: string,
  snippet: Snippet,
  look: (shell: PageShell) => Promise<void>,
): Promise<void> {
  const shell = await PageShell.open(await newFolder());
  const isThere = await shell.run(probe).then(
    () => true,
    () => false,
  );
  if (isThere) await look(shell);
  else console.log(`${placeOf(snippet)} was not looked at: \`${probe}\` fails on this machine`);
}

describe('the blocks of the pages', () => {
  it('have a kind, and so a check', () => {
    const kinds = listSnippets().map(kindOf);
    expect(kinds.length).toBeGreaterThan(100);
    expect(() => kindOf({ page: 'a.md', line: 1, language: 'go', text: 'func main() {}\n' })).toThrow(
      "a.md:1: no check knows a block of language 'go'",
    );
    expect(() => kindOf({ page: 'a.md', line: 1, language: '', text: 'some words\n' })).toThrow(
      'no check knows',
    );
  });

  it('that show what is printed are compared with it', () => {
    const pages = snippetsOfKind('printed').map(({ page }) => page);
    expect(pages).toEqual(Object.keys(COMPARED_BY));
  });

  it('and this one is', async () => {
    const cwd = await newFolder();
    const config = listSnippets().find(
      ({ page, language }) => page === 'docs/warehouses.md' && language === 'json',
    );
    const parquet = config?.text.replace('{ "kind": "csv", "header": true }', '{ "kind": "parquet" }') ?? '';
    await writeFile(join(cwd, 'millrace.config.json'), parquet);
    // Nobody is at home there: it is refused before anybody is asked.
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    const { code, stderr } = await runMillrace(['status'], { cwd, env });
    const shown = snippetsOfKind('printed').find(({ page }) => page === 'docs/warehouses.md');
    expect([code, stderr]).toEqual([2, shown?.text]);
  });
});

describe('YAML in the pages', () => {
  it.each(snippetsOfKind('yaml').map((snippet) => [placeOf(snippet), snippet] as const))(
    '%s has alert rules',
    async (_, snippet) => {
      await whereThereIs('python3 -c "import yaml"', snippet, async (shell) => {
        const folder = await newFolder();
        await writeFile(join(folder, 'rules.yaml'), snippet.text);
        const read = 'import json, yaml; print(json.dumps(yaml.safe_load(open("rules.yaml"))))';
        const { groups } = JSON.parse(await shell.run(`python3 -c '${read}'`, { cwd: folder })) as {
          groups: { rules: Record<string, unknown>[] }[];
        };
        const rules = groups.flatMap((group) => group.rules);
        expect(rules.length).toBeGreaterThan(3);
        for (const rule of rules) {
          expect(rule).toMatchObject({ alert: expect.any(String), expr: expect.any(String) });
          const known = ['alert', 'expr', 'for', 'labels', 'annotations'];
          expect(Object.keys(rule).filter((key) => !known.includes(key))).toEqual([]);
        }
      });
    },
  );
});

describe('commands of the AWS CLI in the pages', () => {
  const commands = snippetsOfKind('shell').flatMap((snippet) =>
    commandsOf(scriptOf(snippet), snippet.line)
      .map(programOf)
      // Those of redshift-local are executed on it.
      .filter(([name, service]) => name === 'aws' && service !== 'redshift-data')
      .map((words) => [words.slice(0, 3).join(' '), words, snippet] as const),
  );

  it.each(commands)('%s takes what the page gives it', async (_, words, snippet) => {
    await whereThereIs('command -v aws', snippet, async (shell) => {
      const quoted = words.map((word) => `'${word}'`).join(' ');
      // The input is checked before anybody is asked, and nobody is there.
      const env = 'AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 AWS_DEFAULT_REGION=us-east-1';
      const keys = 'AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any';
      const said = await shell.run(`${env} ${keys} ${quoted} 2>&1 || true`);
      expect(said).toContain('Could not connect to the endpoint URL');
    });
  });
});
