import type { FastifyReply, FastifyRequest } from 'fastify';
import { CrossSiteRefusal } from '../../platform/http/security-event.ts';

/** The cookie of sessions: its name, and how it is set and taken away. */
export interface SessionCookie {
  read(request: FastifyRequest): string | undefined;
  set(reply: FastifyReply, value: string): void;
  clear(reply: FastifyReply): void;
  /** What an attempt to sign in remembers until the way back. */
  readAttempt(request: FastifyRequest): string | undefined;
  setAttempt(reply: FastifyReply, value: string): void;
  clearAttempt(reply: FastifyReply): void;
  /** Refuses a change that another site may have had a browser send. */
  assertSameSite(request: FastifyRequest): void;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * The cookie for a public address. Over TLS it is bound to the host by its name. `Lax`, since the way
 * back from a provider is a navigation from another site; changes are checked by their origin.
 */
export function sessionCookie(publicUrl: string): SessionCookie {
  const { origin, protocol } = new URL(publicUrl);
  const secure = protocol === 'https:';
  const name = secure ? '__Host-lapse' : 'lapse';
  const attempt = secure ? '__Host-lapse-attempt' : 'lapse-attempt';
  const options = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const;
  return {
    read: (request) => request.cookies[name],
    set: (reply, value) => void reply.setCookie(name, value, options),
    clear: (reply) => void reply.clearCookie(name, options),
    readAttempt: (request) => request.cookies[attempt],
    setAttempt: (reply, value) => void reply.setCookie(attempt, value, { ...options, maxAge: 600 }),
    clearAttempt: (reply) => void reply.clearCookie(attempt, options),
    assertSameSite({ method, headers }) {
      if (READS.has(method)) return;
      // What a browser says of the request itself; older ones name the origin alone. A page without a
      // referrer, as ours are, sends `null` for it.
      const site = headers['sec-fetch-site'];
      const same = site === undefined ? headers.origin === origin : site === 'same-origin';
      if (same) return;
      throw new CrossSiteRefusal(
        `a change with a session's cookie must come from ${origin}; programs send a token`,
      );
    },
  };
}
