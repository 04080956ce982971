import { ConfigError, type ConfigProblem, LoadError } from '@millrace/core';
import { readServerSettings, type ServerOptions } from '@millrace/server/parts';

/** What the function that takes events is told. */
export interface ProducerEnvironment {
  /** The name of the Kinesis stream. */
  readonly stream: string;
  /** Who may send events: whoever has a key, or whoever AWS has let in. */
  readonly auth: 'keys' | 'iam';
  readonly settings: Pick<ServerOptions, 'keys' | 'rateLimit' | 'webhooks' | 'schemas' | 'limits'>;
}

const STREAM = /^[\w.-]{1,128}$/u;
const EXAMPLE = '{"keys": {"web": {"env": "WEB_KEY"}}}';

/**
 * Reads the environment variables of the function that takes events. An empty variable is one that is not there.
 *
 * @throws ConfigError with every problem: which variable, what is wrong, what to do. Values are not repeated in it.
 */
export function readProducerEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): ProducerEnvironment {
  const problems: ConfigProblem[] = [];
  const { EVENT_STREAM: stream = '', EVENT_AUTH: auth = '' } = env;
  if (!STREAM.test(stream)) {
    const message = stream === '' ? 'is missing' : 'is not the name of a stream; letters, digits, _ - .';
    problems.push({ path: ['EVENT_STREAM'], message, hint: 'name the Kinesis stream that events go to' });
  }
  if (auth !== '' && auth !== 'keys' && auth !== 'iam') {
    problems.push({ path: ['EVENT_AUTH'], message: "is neither 'keys' nor 'iam'" });
  }
  const settings = readSettings(env, problems);
  if (settings !== undefined) {
    const { keys = [], webhooks = {} } = settings;
    if (auth === 'iam' && keys.length > 0) {
      const message = "has keys, which have no meaning beside EVENT_AUTH 'iam'";
      problems.push({ path: ['EVENT_SETTINGS'], message, hint: 'take one of the two away' });
    }
    if (auth !== 'iam' && keys.length === 0 && Object.keys(webhooks).length === 0) {
      const message = 'names neither keys nor webhooks, and anybody could send events';
      const hint = `write ${EXAMPLE}; or EVENT_AUTH=iam, for a URL of AuthType AWS_IAM`;
      problems.push({ path: ['EVENT_SETTINGS'], message, hint });
    }
  }
  if (problems.length > 0) throw new ConfigError('the environment', problems);
  return { stream, auth: auth === 'iam' ? 'iam' : 'keys', settings: settings ?? {} };
}

function readSettings(
  env: Readonly<Record<string, string | undefined>>,
  problems: ConfigProblem[],
): ProducerEnvironment['settings'] | undefined {
  const text = env.EVENT_SETTINGS ?? '';
  const path = ['EVENT_SETTINGS'];
  try {
    return readServerSettings(text === '' ? {} : JSON.parse(text), env);
  } catch (error) {
    if (error instanceof SyntaxError) {
      // The parser's words would show a part of it.
      problems.push({ path, message: 'is not JSON', hint: `write ${EXAMPLE}` });
    } else if (error instanceof LoadError) {
      problems.push({
        path,
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    } else throw error;
    return undefined;
  }
}
