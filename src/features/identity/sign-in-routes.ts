import type { FastifyInstance, FastifyRequest } from 'fastify';
import { rolesOf } from '../../domain/access/actor.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Database } from '../../platform/db/transaction.ts';
import { type Html, html, sendPage } from '../../platform/http/page.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { OpenSession, SessionService } from './session-service.ts';
import { spendSignInLink } from './sign-in-link.ts';

/** What the pages of sign-in hand on to. */
export interface SignInRoutes {
  readonly db: Database;
  readonly sessions: SessionService;
  readonly cookie: SessionCookie;
  readonly tenantName: (tenantId: string) => Promise<string>;
  readonly realNow: () => number;
}

/** Pages without scripts: signing in and out, and who is signed in. Below no prefix, and not in the API's document. */
export function addSignInRoutes(app: FastifyInstance, parts: SignInRoutes): void {
  const { db, sessions, cookie, realNow } = parts;
  const schema = { hide: true };

  app.get('/', { schema }, async (request, reply) => {
    const open = await openSession(request, parts);
    if (!open) return reply.redirect('/sign-in', 303);
    const name = await parts.tenantName(open.principal.tenantId);
    return sendPage(reply, 'Who you are', whoAmI(open, name));
  });

  app.get('/sign-in', { schema }, async (request, reply) => {
    if (await openSession(request, parts)) return reply.redirect('/', 303);
    return sendPage(reply, 'Sign in', signIn());
  });

  app.get('/sign-in/link/:link', { schema }, async (_, reply) =>
    // A look at the address alone, as mail scanners take, spends nothing.
    sendPage(
      reply,
      'Sign in',
      html`<h1>Sign in to Lapse</h1><p>This link works once.</p>
        <form method="post"><button>Sign in</button></form>`,
    ),
  );

  app.post('/sign-in/link/:link', { schema }, async (request, reply) => {
    cookie.assertSameSite(request);
    const { link } = request.params as { link: string };
    const userAgent = request.headers['user-agent'];
    try {
      cookie.set(reply, await spendSignInLink(db, sessions, link, { userAgent, now: realNow() }));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return sendPage(reply, 'Not signed in', refusal(error), 401);
    }
    return reply.redirect('/', 303);
  });

  app.post('/sign-out', { schema }, async (request, reply) => {
    cookie.assertSameSite(request);
    const open = await openSession(request, parts);
    if (open) await sessions.end(open.principal, open.session.session_id, { reason: 'signed-out' });
    cookie.clear(reply);
    return reply.redirect('/sign-in', 303);
  });
}

async function openSession(
  request: FastifyRequest,
  { cookie, sessions }: SignInRoutes,
): Promise<OpenSession | undefined> {
  const value = cookie.read(request);
  if (value === undefined) return undefined;
  return sessions.authenticate(value).catch((error: unknown) => {
    if (error instanceof DomainError && error.code === 'unauthenticated') return undefined;
    throw error;
  });
}

function whoAmI({ principal: { actor, tenantId }, session }: OpenSession, tenant: string): Html {
  const { method, issuer } = session.signed_in;
  const through = method === 'oidc' ? issuer : 'a one-time link';
  return html`<h1>${actor.name}</h1><p>You are signed in to ${tenant}.</p>
    <dl><dt>Address</dt><dd>${actor.email ?? 'none'}</dd>
    <dt>Roles</dt><dd>${rolesOf(actor).join(', ')}</dd>
    <dt>Through</dt><dd>${through}</dd>
    <dt>Until</dt><dd>${session.ends_at.toISOString().slice(0, 16).replace('T', ' ')} UTC at the latest</dd>
    <dt>Tenant</dt><dd>${tenantId}</dd></dl>
    <form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>`;
}

function signIn(): Html {
  return html`<h1>Sign in to Lapse</h1>
    <p>No provider of sign-in is set up yet. On the server's own machine,
    <code>lapse token sign-in-link</code> makes a link that works once.</p>`;
}

function refusal({ message }: DomainError): Html {
  return html`<h1>Not signed in</h1><p>${message}.</p><a class="act" href="/sign-in">Sign in</a>`;
}
