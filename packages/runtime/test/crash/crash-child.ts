import { Millrace } from '../../src/millrace.ts';
import { readCrashConfig } from './crash-project.ts';
import { type Failpoint, withFailpoint } from './failpoints.ts';

// A loader that is killed: by its parent at any time, or by itself at a failpoint.
// Arguments: directory, `work` (until killed) or `drain` (until nothing waits), and a failpoint with its count.
const [directory = '', mode = 'work', point, nth = '1'] = process.argv.slice(2);

const millrace = await Millrace.open(readCrashConfig(), {
  directory,
  what: 'crash test',
  ...(point === undefined
    ? {}
    : { instrument: (loader) => withFailpoint(loader, point as Failpoint, Number(nth)) }),
});
process.stdout.write('ready\n');
await millrace.start();
if (mode === 'drain') {
  const { held } = await millrace.untilIdle();
  await millrace.stop();
  process.stdout.write(`idle ${JSON.stringify(held)}\n`);
}
