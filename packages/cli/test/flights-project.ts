import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newFolder } from './run-millrace.ts';

/** A project with the target `public.flights`, two columns, and no files yet. */
export async function flightsProject(target: Record<string, unknown> = {}): Promise<string> {
  const folder = await newFolder();
  await mkdir(join(folder, 'migrations'));
  await mkdir(join(folder, 'objects', 'lake', 'flights'), { recursive: true });
  await writeFile(
    join(folder, 'migrations', '0001_create_flights.sql'),
    'CREATE TABLE flights (flight VARCHAR(16), delay INTEGER);\n',
  );
  const config = {
    objects: { kind: 'directory', path: 'objects' },
    settle: '50ms',
    targets: {
      'public.flights': {
        mode: 'append',
        from: 's3://lake/flights/',
        format: { kind: 'csv', header: true },
        freshness: '200ms',
        ...target,
      },
    },
  };
  await writeFile(join(folder, 'millrace.config.json'), JSON.stringify(config));
  return folder;
}

/** Writes a file of flights beside the project. @returns its path */
export async function writeFlights(
  folder: string,
  name: string,
  delays: readonly (number | string)[],
): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `flight,delay\n${delays.map((delay, index) => `MR ${index},${delay}\n`).join('')}`);
  return path;
}
