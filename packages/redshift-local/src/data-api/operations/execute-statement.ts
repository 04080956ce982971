import { invalid } from '../api-error.ts';
import type { DataApi } from '../data-api.ts';
import type { DataSession } from '../data-session.ts';
import type { Caller, DataStatement, StatementRequest } from '../data-statement.ts';
import type { Input } from '../read-input.ts';
import { checkParameters } from '../substitute-parameters.ts';
import { hasReadableResult } from './find-statement.ts';
import { type Call, type Operation, toTimestamp } from './operation.ts';
import { callerMembers, readCaller } from './read-caller.ts';

const UUID = /^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}$/u;
const DAY_SECONDS = 86_400;
export const MAX_WAIT_SECONDS = 30;

/** Runs one statement of SQL; the answer comes before its end. */
export const executeStatement: Operation = (api, call) => {
  const sql = call.input.requiredText('Sql', { min: 1 });
  return execute(api, call, { mode: 'one', sqls: [sql], exception: 'ExecuteStatementException' });
};

/** Runs up to 40 statements of SQL in order, as one transaction unless told otherwise. */
export const batchExecuteStatement: Operation = (api, call) => {
  const sqls = call.input.requiredTexts('Sqls', { max: api.limits.statementsPerBatch });
  const mode = call.input.text('ExecutionMode', { oneOf: ['TRANSACTION', 'AUTO_COMMIT'] });
  return execute(api, call, {
    mode: mode === 'AUTO_COMMIT' ? 'auto-commit' : 'transaction',
    sqls,
    exception: 'BatchExecuteStatementException',
  });
};

interface Wanted {
  readonly mode: StatementRequest['mode'];
  readonly sqls: readonly string[];
  readonly exception: string;
}

async function execute(api: DataApi, { input, identity }: Call, wanted: Wanted): Promise<object> {
  const { mode, sqls, exception } = wanted;
  checkLengths(sqls, api.limits.sqlBytes);
  const waitSeconds = input.integer('WaitTimeSeconds', { min: 1, max: MAX_WAIT_SECONDS });
  const token = input.text('ClientToken', { min: 1, max: 64 });
  const keepAliveSeconds = input.integer('SessionKeepAliveSeconds', { min: 0, max: DAY_SECONDS });
  const sessionId = input.text('SessionId', { pattern: UUID });
  const caller = sessionId === undefined ? readCaller(input, identity) : callerOf(api, input, sessionId);
  api.expectEndpoint(caller.address);
  const request = readRequest(input, { mode, sqls, caller });
  const before = token === undefined ? undefined : api.store.findByToken(token, request);
  if (before !== undefined) return answer(api, before, waitSeconds);
  api.expectWarehouse(exception);
  const session = takeSession(api, { sessionId, keepAliveSeconds, caller });
  const statement = api.runner.submit(request, session);
  if (token !== undefined) api.store.rememberToken(token, statement);
  return answer(api, statement, waitSeconds);
}

function readRequest(
  input: Input,
  { mode, sqls, caller }: Pick<StatementRequest, 'mode' | 'sqls' | 'caller'>,
): StatementRequest {
  const parameters = input.parameters('Parameters');
  checkParameters(sqls, parameters ?? []);
  const name = input.text('StatementName', { max: 2048 });
  const resultFormat = input.text('ResultFormat', { oneOf: ['JSON', 'CSV'] });
  return {
    mode,
    caller,
    sqls,
    ...(parameters === undefined ? {} : { parameters }),
    ...(name === undefined ? {} : { name }),
    withEvent: input.flag('WithEvent') ?? false,
    resultFormat: resultFormat === 'CSV' ? 'CSV' : 'JSON',
  };
}

function checkLengths(sqls: readonly string[], maxBytes: number): void {
  for (const [at, sql] of sqls.entries()) {
    const bytes = Buffer.byteLength(sql);
    if (bytes <= maxBytes) continue;
    const which = sqls.length === 1 ? 'The SQL statement' : `SQL statement ${at + 1}`;
    throw invalid(
      `${which} has ${bytes} bytes; the maximum is ${maxBytes} (${Math.floor(maxBytes / 1024)} KB).`,
    );
  }
}

/** A session knows its warehouse, database and user: they cannot be named again. */
function callerOf(api: DataApi, input: Input, sessionId: string): Caller {
  for (const name of ['ClusterIdentifier', 'WorkgroupName', 'Database', 'DbUser', 'SecretArn']) {
    if (input.has(name)) throw invalid(`${name} cannot be provided with SessionId.`);
  }
  return api.sessions.known(sessionId).caller;
}

function takeSession(
  api: DataApi,
  {
    sessionId,
    keepAliveSeconds,
    caller,
  }: { sessionId: string | undefined; keepAliveSeconds: number | undefined; caller: Caller },
): DataSession | undefined {
  if (sessionId === undefined) {
    if (keepAliveSeconds === undefined || keepAliveSeconds === 0) return undefined;
    return api.sessions.create(caller, keepAliveSeconds);
  }
  const session = api.sessions.take(sessionId);
  if (keepAliveSeconds !== undefined) session.keepAliveSeconds = keepAliveSeconds;
  return session;
}

async function answer(
  api: DataApi,
  statement: DataStatement,
  waitSeconds: number | undefined,
): Promise<object> {
  await api.waitFor(statement, waitSeconds);
  const waited =
    waitSeconds === undefined
      ? {}
      : {
          Status: statement.state,
          RedshiftPid: statement.pid,
          HasResultSet: statement.parts.some((part) => hasReadableResult(statement, part)),
        };
  return {
    Id: statement.id,
    CreatedAt: toTimestamp(statement.createdAt),
    ...callerMembers(statement.request.caller),
    SessionId: statement.sessionId,
    ...waited,
  };
}
