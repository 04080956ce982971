import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ConfigError, type LoadError } from '@millrace/core';

/** What `import … from 'millrace'` means in a configuration: this very package, wherever the project is. */
const OWN_MODULE = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url)
  .href;

/**
 * What a millrace.config.ts exports by default. Node strips its types; nothing has to be installed beside it.
 *
 * @throws ConfigError when it cannot be read or has no default export
 */
export async function importConfig(path: string): Promise<unknown> {
  const url = pathToFileURL(path).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(specifier === 'millrace' ? OWN_MODULE : specifier, context),
    // A package.json above the project that says "commonjs", or nothing, is not about the configuration.
    load: (loaded, context, next) =>
      loaded === url && path.endsWith('.ts')
        ? next(loaded, { ...context, format: 'module-typescript' })
        : next(loaded, context),
  });
  try {
    const module = (await import(url)) as { default?: unknown };
    if (module.default !== undefined) return module.default;
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    hooks.deregister();
  }
  throw new ConfigError(path, [
    { path: [], message: 'has no default export', hint: 'write `export default defineConfig({ … })`' },
  ]);
}

function unreadable(path: string, cause: unknown): LoadError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const missing = /Cannot find (?:package|module) '([^']+)'/u.exec(text)?.[1];
  return new ConfigError(
    path,
    [
      missing === undefined
        ? { path: [], message: `cannot be read: ${text}`, hint: 'correct the file' }
        : {
            path: [],
            message: `imports '${missing}', which is not there`,
            hint: 'correct the path, or install it',
          },
    ],
    { cause },
  );
}
