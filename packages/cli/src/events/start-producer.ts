import { type EventConfig, LoadError, type Stream } from '@millrace/core';
import type { LoaderMetrics, OperationsOptions, ProducerMetrics, ProducerServer } from '@millrace/server';
import type { Project } from '../project/project.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ProducerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly host: string | undefined;
  readonly terminal: Terminal;
  readonly onError: (where: string, error: unknown) => void;
}

export interface HttpOptions extends ProducerOptions {
  /** Whether events are taken. */
  readonly takesEvents: boolean;
  readonly operations: OperationsOptions;
}

/** The producer of this process: an open stream, and a server in front of it. */
export interface RunningProducer {
  readonly server: ProducerServer;
  /** What its `/metrics` tell. */
  readonly metrics: ProducerMetrics;
  /** What they tell of loads. */
  readonly loads: LoaderMetrics;
  /** Also what this process consumes: it alone knows what of it is durable. Undefined: no events are taken. */
  readonly stream: Stream | undefined;
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
 * @throws LoadError `wrong-usage`, `server-settings`, `server-open`, `state-in-use` when another process writes the stream
 */
export async function startProducer(project: Project, options: ProducerOptions): Promise<RunningProducer> {
  requireEvents(project);
  return serve(project, { ...options, takesEvents: true, operations: undefined });
}

/**
 * Begins to serve the dashboard, and, where the configuration has events, to take them at the same port.
 *
 * @throws LoadError as `startProducer`
 */
export async function startHttp(project: Project, options: HttpOptions): Promise<RunningProducer> {
  return serve(project, options);
}

async function serve(
  project: Project,
  options: Omit<HttpOptions, 'operations'> & { operations: OperationsOptions | undefined },
): Promise<RunningProducer> {
  const { port, host, terminal, onError, takesEvents, operations } = options;
  const events = takesEvents ? project.config.events : null;
  // Only now: the other commands have no need of a server.
  const [
    { LoaderMetrics: Loads, ProducerMetrics: Metrics, readServerSettings, startServer },
    { openEventStream },
  ] = await Promise.all([import('@millrace/server'), import('@millrace/runtime')]);
  // Before the stream is taken: what is wrong with it is told at once.
  const settings = events === null ? {} : readServerSettings(events.producer, process.env);
  const metrics = new Metrics();
  const loads = new Loads();
  metrics.include(loads);
  const { directory } = project;
  const onStored = (record: Parameters<ProducerMetrics['countStored']>[0]): void =>
    metrics.countStored(record);
  const opened =
    events === null ? undefined : await openEventStream(events, { directory, onError, onStored });
  try {
    const server = await startServer({
      ...settings,
      metrics,
      ...(opened === undefined ? {} : { stream: opened.stream }),
      port,
      ...(host === undefined ? {} : { host }),
      ...(operations === undefined ? {} : { operations }),
      onError: (error) => onError(operations === undefined ? 'producer' : 'server', error),
    });
    if (opened !== undefined) terminal.note(`millrace: events are taken at ${server.url}/v1/events`);
    return {
      server,
      metrics,
      loads,
      stream: opened?.stream,
      stopTaking: () => server.close(),
      close: async () => {
        await server.close();
        await opened?.close();
      },
    };
  } catch (error) {
    await opened?.close();
    throw error;
  }
}
