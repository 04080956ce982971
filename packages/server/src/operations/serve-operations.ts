import type { Operations } from '@millrace/core';
import type { FastifyInstance } from 'fastify';
import {
  actorOf,
  cancelBody,
  failureQuery,
  given,
  historyQuery,
  jobsQuery,
  noQuery,
  pageQuery,
  pauseBody,
  readBody,
  readQuery,
  reconcileBody,
  redriveBody,
  redriveRejectsBody,
  rejectQuery,
  selectionOf,
  traceQuery,
} from './read-request.ts';

interface OfTarget {
  readonly Params: { readonly target: string };
}

/** What can be asked. Each answer is what the operation of the port tells, as JSON. */
export function addQueries(scope: FastifyInstance, ask: () => Operations): void {
  scope.get('/overview', async (request) => {
    readQuery(request, noQuery);
    return ask().overview();
  });
  scope.get('/history', async (request) => {
    const { target } = readQuery(request, historyQuery);
    return ask().loadHistory(target);
  });
  scope.get<OfTarget>('/targets/:target/waiting', async (request) =>
    ask().waitingPage(request.params.target, readQuery(request, pageQuery)),
  );
  scope.get<OfTarget>('/targets/:target/plan', async (request) => ask().plan(request.params.target));
  scope.get('/failures', async (request) => {
    const { cursor, limit, ...filter } = readQuery(request, failureQuery);
    return ask().failurePage({ cursor, limit, ...given(filter) });
  });
  scope.get('/trace', async (request) => ask().trace(given(readQuery(request, traceQuery))));
  scope.get('/jobs', async (request) => ask().jobs(given(readQuery(request, jobsQuery))));
  scope.get<{ Params: { job: string } }>('/jobs/:job', async (request) => ask().job(request.params.job));
  scope.get('/doctor', async (request) => {
    readQuery(request, noQuery);
    return ask().doctor({ live: false });
  });
  scope.get('/status', async (request) => {
    readQuery(request, noQuery);
    return ask().status();
  });
  scope.get('/rejects', async (request) => {
    const { cursor, limit, ...filter } = readQuery(request, rejectQuery);
    return ask().rejects(given(filter), { cursor, limit });
  });
  scope.get('/activity', async (request) => ask().activity(readQuery(request, pageQuery)));
}

/** What can be done. Each is kept in the activity, with who and why. */
export function addActions(
  scope: FastifyInstance,
  ask: () => Operations,
  { bodyLimit, operatorName }: { bodyLimit: number; operatorName: string },
): void {
  scope.post('/actions/pause', { bodyLimit }, async (request) => {
    const { target, ...rest } = readBody(request, pauseBody);
    const { by } = actorOf(rest, operatorName);
    return ask().pause({ target, by, why: rest.why });
  });
  scope.post('/actions/resume', { bodyLimit }, async (request) => {
    const { target, ...rest } = readBody(request, pauseBody);
    return ask().resume({ target, ...actorOf(rest, operatorName) });
  });
  scope.post('/actions/redrive', { bodyLimit }, async (request) => {
    const body = readBody(request, redriveBody);
    return ask().redrive(selectionOf(body), actorOf(body, operatorName));
  });
  scope.post('/actions/redrive-rejects', { bodyLimit }, async (request) => {
    const { by, why, ...selection } = readBody(request, redriveRejectsBody);
    return ask().redriveRejects(given(selection), actorOf({ by, why }, operatorName));
  });
  scope.post('/actions/cancel', { bodyLimit }, async (request) => {
    const { target, job, ...rest } = readBody(request, cancelBody);
    return ask().cancel({ target, job, ...actorOf(rest, operatorName) });
  });
  scope.post('/actions/reconcile', { bodyLimit }, async (request) => {
    const { target, repair, cursor, ...rest } = readBody(request, reconcileBody);
    return ask().reconcile({ ...given({ target }), repair, cursor, ...actorOf(rest, operatorName) });
  });
}
