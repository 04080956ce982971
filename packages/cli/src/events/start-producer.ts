import { type EventConfig, LoadError, type Stream } from '@millrace/core';
import type { Project } from '../project/project.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ProducerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly host: string | undefined;
  readonly terminal: Terminal;
  readonly onError: (where: string, error: unknown) => void;
}

/** The producer of this process: an open stream, and a server in front of it. */
export interface RunningProducer {
  /** Also what this process consumes: it alone knows what of it is durable. */
  readonly stream: Stream;
  /** Takes no more events; those under way are answered. */
  stopTaking(): Promise<void>;
  /** Closes the stream too. */
  close(): Promise<void>;
}

/** @throws LoadError `wrong-usage` when the configuration says nothing of events */
export function requireEvents({ config, configPath }: Project): EventConfig {
  if (config.events !== null) return config.events;
  throw new LoadError('wrong-usage', `${configPath} says nothing of events`, {
    hint: "write what they become under 'events'",
  });
}

/**
 * Begins to take events over HTTP.
 *
 * @throws LoadError `server-settings`, `server-open`, `state-in-use` when another process writes the stream
 */
export async function startProducer(project: Project, options: ProducerOptions): Promise<RunningProducer> {
  const { port, host, terminal, onError } = options;
  const events = requireEvents(project);
  // Only now: the other commands have no need of a server.
  const [{ readServerSettings, startServer }, { openEventStream }] = await Promise.all([
    import('@millrace/server'),
    import('@millrace/runtime'),
  ]);
  // Before the stream is taken: what is wrong with it is told at once.
  const settings = readServerSettings(events.producer, process.env);
  const { stream, close } = await openEventStream(events, { directory: project.directory, onError });
  try {
    const server = await startServer({
      ...settings,
      stream,
      port,
      ...(host === undefined ? {} : { host }),
      onError: (error) => onError('producer', error),
    });
    terminal.note(`millrace: events are taken at ${server.url}/v1/events`);
    return {
      stream,
      stopTaking: () => server.close(),
      close: async () => {
        await server.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
