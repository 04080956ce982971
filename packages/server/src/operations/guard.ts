import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problem.ts';
import type { Sessions } from './sessions.ts';

/** What a page sends with each of its requests, and no other site can: a header of its own makes browsers ask first. */
export const PAGE_HEADER = 'x-millrace-page';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** What stands before page and API. */
export class Guard {
  readonly #sessions: Sessions;
  readonly #names: ReadonlySet<string>;
  readonly #cookieName: () => string;

  /**
   * @param options `names`: host names, beside addresses and `localhost`, that requests may be for; `port`: where the server
   * listens, once it does. Browsers keep cookies per host and not per port, so its name tells them apart.
   */
  constructor(sessions: Sessions, { names, port }: { names: readonly string[]; port: () => number }) {
    this.#sessions = sessions;
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    this.#cookieName = () => `millrace_${port()}`;
  }

  /** For every answer, also those that refuse. */
  protect(reply: FastifyReply): void {
    reply.headers(SECURITY_HEADERS);
  }

  /**
   * A page of another site can have its own name point to this machine (DNS rebinding), and is then of the same origin for
   * the browser; but its requests tell that name.
   *
   * @throws ProblemError 421
   */
  checkHost({ headers: { host } }: FastifyRequest): void {
    const name = hostNameOf(host);
    const isAllowed =
      name !== undefined &&
      (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || this.#names.has(name));
    if (isAllowed) return;
    throw new ProblemError({
      status: 421,
      code: 'host-refused',
      detail: `this server is not '${(host ?? '').slice(0, 100)}'; use its address, or start it with --http-name`,
    });
  }

  /**
   * Whoever asks has the operator's token, or a session; and where something is changed by a session, its own page asks.
   *
   * @throws ProblemError 401, 403
   */
  admit(request: FastifyRequest): void {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const token = /^Bearer +(\S+) *$/iu.exec(authorization)?.[1];
      // No browser sends this header by itself, for whatever page.
      if (token !== undefined && this.#sessions.isOperator(token)) return;
      throw unauthorised('the token is not the operator’s');
    }
    const cookie = this.cookieOf(request);
    if (cookie === undefined || !this.#sessions.isOpen(cookie)) {
      throw unauthorised('nobody is logged in');
    }
    if (!SAFE_METHODS.has(request.method)) this.checkPage(request);
  }

  /** @throws ProblemError 403 unless the server's own page asks */
  checkPage({ headers }: FastifyRequest): void {
    const site = headers['sec-fetch-site'];
    const isOwn =
      headers[PAGE_HEADER] !== undefined &&
      hostOf(headers.origin) === headers.host?.toLowerCase() &&
      (site === undefined || site === 'same-origin');
    if (isOwn) return;
    throw new ProblemError({
      status: 403,
      code: 'cross-site',
      detail: `requests that change something come from the dashboard itself, with ${PAGE_HEADER}, or with the operator's token`,
    });
  }

  cookieOf({ headers: { cookie = '' } }: FastifyRequest): string | undefined {
    const name = `${this.#cookieName()}=`;
    return cookie
      .split(/; */u)
      .find((one) => one.startsWith(name))
      ?.slice(name.length);
  }

  /** @param value of a session; undefined takes the cookie away. */
  setCookie(request: FastifyRequest, reply: FastifyReply, value: string | undefined): void {
    const isSecure = request.headers['x-forwarded-proto'] === 'https';
    const parts = [
      `${this.#cookieName()}=${value ?? ''}`,
      'Path=/',
      'HttpOnly',
      'SameSite=Strict',
      ...(isSecure ? ['Secure'] : []),
      ...(value === undefined ? ['Max-Age=0'] : []),
    ];
    reply.header('set-cookie', parts.join('; '));
  }
}

function unauthorised(what: string): ProblemError {
  return new ProblemError({
    status: 401,
    code: 'not-logged-in',
    detail: `${what}; \`millrace dashboard\` prints a new link`,
  });
}

/** The name of `name:port` and `[v6]:port`, in small letters. */
function hostNameOf(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/iu.exec(host ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function hostOf(origin: string | undefined): string | undefined {
  return URL.parse(origin ?? '')?.host;
}
