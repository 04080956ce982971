import type {
  ActivityPage,
  FailurePage,
  JobEntry,
  JobStory,
  LoadHistory,
  ReconcilePage,
  RedriveReport,
  RejectRedriveReport,
  RejectReport,
  StatusReport,
  TraceReport,
  WaitingPage,
} from '@millrace/core';
import { isLoggedOut } from './session.ts';

/** Why the server did not do what it was asked, in its own words. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

type Query = Readonly<Record<string, string | number | null | undefined>>;

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api${path}`, { ...init, headers: { ...init.headers, 'x-millrace-page': '1' } });
  } catch {
    throw new ApiError(0, 'unreachable', 'Millrace does not answer. Is it still running?');
  }
  if (response.status === 204) return undefined as T;
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return body as T;
  const isLogin = path === '/session' && init.method === 'POST';
  if (response.status === 401 && !isLogin) isLoggedOut.value = true;
  const { type = '', detail = `the server answers ${response.status}` } = body as {
    type?: string;
    detail?: string;
  };
  throw new ApiError(response.status, type.replace('urn:millrace:problem:', ''), detail);
}

function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const given = Object.entries(query).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return call(text === '' ? path : `${path}?${text}`, signal === undefined ? {} : { signal });
}

function post<T>(path: string, body: unknown): Promise<T> {
  return call(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
}

export interface Signed {
  readonly by: string;
  readonly why: string;
}

/** Everything that the page asks of the server. */
export const api = {
  session: () => get<{ operator: string; version: string }>('/session'),
  logIn: (token: string) => post<void>('/session', { token }),
  logOut: () => call<void>('/session', { method: 'DELETE' }),

  history: (target: string | null, signal?: AbortSignal) => get<LoadHistory>('/history', { target }, signal),
  status: (signal?: AbortSignal) => get<StatusReport>('/status', {}, signal),
  jobs: (target: string | undefined, limit: number, signal?: AbortSignal) =>
    get<readonly JobEntry[]>('/jobs', { target, limit }, signal),
  job: (id: string, signal?: AbortSignal) => get<JobStory>(`/jobs/${encodeURIComponent(id)}`, {}, signal),
  waiting: (target: string, cursor: string | null, signal?: AbortSignal) =>
    get<WaitingPage>(`/targets/${encodeURIComponent(target)}/waiting`, { cursor, limit: 50 }, signal),
  failures: (
    filter: { target?: string; prefix?: string; state: 'quarantined' | 'waiting' },
    cursor: string | null,
    signal?: AbortSignal,
  ) => get<FailurePage>('/failures', { ...filter, cursor, limit: 200 }, signal),
  rejects: (filter: { type?: string; code?: string }, cursor: string | null, signal?: AbortSignal) =>
    get<RejectReport>('/rejects', { ...filter, cursor, limit: 200 }, signal),
  trace: (url: string, signal?: AbortSignal) => get<TraceReport>('/trace', { url }, signal),
  activity: (cursor: string | null, signal?: AbortSignal) =>
    get<ActivityPage>('/activity', { cursor, limit: 50 }, signal),

  pause: (body: { target: string | null } & Signed) => post<{ since: string }>('/actions/pause', body),
  resume: (body: { target: string | null } & Signed) => post<{ wasPaused: boolean }>('/actions/resume', body),
  redrive: (body: { target?: string; prefix?: string; urls?: readonly string[] } & Signed) =>
    post<RedriveReport>('/actions/redrive', body),
  redriveRejects: (body: { type?: string; code?: string; ids?: readonly string[] } & Signed) =>
    post<RejectRedriveReport>('/actions/redrive-rejects', body),
  cancel: (body: { target: string; job: string } & Signed) =>
    post<{ cancelled: true }>('/actions/cancel', body),
  reconcile: (body: { target?: string; repair: boolean; cursor: string | null } & Signed) =>
    post<ReconcilePage>('/actions/reconcile', body),
};
