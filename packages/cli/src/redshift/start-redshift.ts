import { RedshiftLocal, type Result } from '@millrace/redshift-local';
import { DataApiServer, type DataApiServerOptions, type Faults } from '@millrace/redshift-local/data-api';
import { type ObjectsPlace, openObjects } from './open-objects.ts';

export interface StartRedshiftOptions extends Omit<DataApiServerOptions, 'engine'> {
  /**
   * The DuckDB file; made if it is not there.
   *
   * @default - in memory: forgotten at the end
   */
  readonly db?: string;
  /** The database's name. Default `dev`. */
  readonly database?: string;
  /**
   * Where COPY reads and UNLOAD writes.
   *
   * @default - nowhere: COPY fails
   */
  readonly objects?: ObjectsPlace;
}

/** A Redshift of this process. */
export interface RunningRedshift extends AsyncDisposable {
  /** The endpoint for AWS SDKs and the AWS CLI. */
  readonly url: string;
  readonly database: string;
  readonly engine: RedshiftLocal;
  readonly server: DataApiServer;
  readonly faults: Faults;
  /** What a client of an AWS SDK needs to reach it. */
  readonly clientConfig: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Runs one statement as the superuser, past the Data API: to set a test up, or to look at what it did. */
  query(sql: string): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Starts an offline Redshift with its Data API on a port of this machine.
 *
 * @throws RedshiftError when the file cannot be opened, the socket's error when the port is taken.
 */
export async function startRedshift(options: StartRedshiftOptions = {}): Promise<RunningRedshift> {
  const { db = ':memory:', database = 'dev', objects: place, ...serverOptions } = options;
  const opened = await openObjects(place);
  const closers: (() => Promise<void> | void)[] = [() => opened.close()];
  const close = async (): Promise<void> => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne();
  };
  try {
    const engine = await RedshiftLocal.open({ path: db, objects: opened.objects, database });
    closers.push(() => engine.close());
    const server = await DataApiServer.start({ engine, ...serverOptions });
    closers.push(() => server.close());
    const [credentials = { accessKeyId: 'millrace', secretAccessKey: 'millrace' }] =
      options.credentials ?? [];
    const { accessKeyId, secretAccessKey } = credentials;
    return {
      url: server.url,
      database,
      engine,
      server,
      faults: server.faults,
      clientConfig: {
        endpoint: server.url,
        region: 'us-east-1',
        credentials: { accessKeyId, secretAccessKey },
      },
      query: (sql) => queryOnce(engine, sql),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function queryOnce(engine: RedshiftLocal, sql: string): Promise<Result> {
  const session = engine.session();
  try {
    return await session.execute(sql);
  } finally {
    await session.close();
  }
}
