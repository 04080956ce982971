import type { StopSignal } from '../control/stop-signals.ts';
import type { Project } from '../project/project.ts';
import { showText } from '../terminal/show-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ProducerOptions, requireEvents, startProducer } from './start-producer.ts';

export interface PartOptions {
  readonly terminal: Terminal;
  readonly signal: StopSignal;
  readonly onError: (where: string, error: unknown) => void;
}

/** Takes events over HTTP until it is stopped: no lane, no warehouse, no consumer is needed for it. */
export async function runProducer(
  project: Project,
  options: PartOptions & Pick<ProducerOptions, 'port' | 'host'>,
): Promise<void> {
  const producer = await startProducer(project, options);
  try {
    await options.signal.stopped;
  } finally {
    await producer.close();
  }
}

/** Makes files of rows out of events until it is stopped, or until none waits. Another process loads them. */
export async function runConsumer(
  project: Project,
  { terminal, signal, onError, untilIdle }: PartOptions & { readonly untilIdle: boolean },
): Promise<void> {
  requireEvents(project);
  const { EventConsumer } = await import('@millrace/runtime');
  const consumer = await EventConsumer.start(project.config, { directory: project.directory, onError });
  try {
    terminal.note(`millrace: consuming events, ${showText(project.configPath)}`);
    await (untilIdle ? Promise.race([consumer.drain(), signal.stopped]) : signal.stopped);
  } finally {
    await consumer.close();
  }
}
