import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { rolesOf } from '../../domain/access/actor.ts';
import { DomainError, type ErrorCode } from '../../domain/errors.ts';
import type { Database } from '../../platform/db/transaction.ts';
import { type Html, html, sendPage } from '../../platform/http/page.ts';
import { logRefusal } from '../../platform/http/security-event.ts';
import type { OidcSignIn } from './oidc-sign-in.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { OpenSession, SessionService } from './session-service.ts';
import type { ProviderSession } from './session-store.ts';
import { spendSignInLink } from './sign-in-link.ts';

/** What the sign-in page offers. */
export interface SignInChoice {
  /** Undefined where there are several, and none or an unknown one was named. */
  readonly tenant: string | undefined;
  readonly providers: readonly { readonly name: string; readonly label: string }[];
}

/** What the pages of sign-in hand on to. */
export interface SignInRoutes {
  readonly db: Database;
  readonly sessions: SessionService;
  readonly cookie: SessionCookie;
  readonly oidc: OidcSignIn;
  readonly publicUrl: string;
  readonly tenantName: (tenantId: string) => Promise<string>;
  /** The providers to choose from, of one tenant, or of the only one. */
  readonly signInChoice: (tenantId: string | undefined) => Promise<SignInChoice>;
  readonly realNow: () => number;
}

/** Pages without scripts: signing in and out, and who is signed in. Below no prefix, and not in the API's document. */
export function addSignInRoutes(app: FastifyInstance, parts: SignInRoutes): void {
  const { db, sessions, cookie, oidc, realNow } = parts;
  const schema = { hide: true };
  // The forms of these pages have no fields: what they do is in their address.
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 1_000 },
    (_, __, done) => done(null, undefined),
  );

  app.get('/', { schema }, async (request, reply) => {
    const open = await openSession(request, parts);
    if (!open) return reply.redirect('/sign-in', 303);
    const name = await parts.tenantName(open.principal.tenantId);
    return sendPage(reply, 'Who you are', whoAmI(open, name));
  });

  app.get('/sign-in', { schema }, async (request, reply) => {
    if (await openSession(request, parts)) return reply.redirect('/', 303);
    const { tenant, to } = request.query as { tenant?: unknown; to?: unknown };
    const choice = await parts.signInChoice(typeof tenant === 'string' ? tenant : undefined);
    return sendPage(reply, 'Sign in', signIn(choice, typeof to === 'string' ? to : undefined));
  });

  app.get('/sign-in/again', { schema }, async (request, reply) => {
    const { to } = request.query as { to?: unknown };
    const query = typeof to === 'string' ? `?${new URLSearchParams({ to })}` : '';
    const open = await openSession(request, parts);
    if (!open) return reply.redirect(`/sign-in${query}`, 303);
    const { providers } = await parts.signInChoice(open.principal.tenantId);
    const returnTo = typeof to === 'string' ? to : undefined;
    return sendPage(reply, 'Sign in again', signInAgain(open, providers, returnTo));
  });

  app.get('/sign-in/with/:tenant/:provider', { schema }, async (request, reply) => {
    const { tenant, provider } = request.params as { tenant: string; provider: string };
    const { to, again } = request.query as { to?: unknown; again?: unknown };
    const returnTo = typeof to === 'string' ? to : undefined;
    // Whoever is signed in at the provider would be signed in here by another site's link alone.
    if (request.headers['sec-fetch-site'] === 'cross-site') {
      const query = new URLSearchParams({ tenant, ...(returnTo && { to: returnTo }) });
      return reply.redirect(`/sign-in?${query}`, 303);
    }
    const open = again === undefined ? undefined : await openSession(request, parts);
    return orRefusal(request, reply, async () => {
      const person = open?.principal.tenantId === tenant ? open.principal.actor.id : undefined;
      const { url, cookie: attempt } = await oidc.begin(tenant, provider, returnTo, person);
      cookie.setAttempt(reply, attempt);
      return reply.redirect(url.href, 303);
    });
  });

  app.get('/sign-in/callback', { schema }, async (request, reply) => {
    const query = request.url.slice(request.url.indexOf('?') + 1);
    const attempt = cookie.readAttempt(request);
    cookie.clearAttempt(reply);
    return orRefusal(request, reply, async () => {
      const userAgent = request.headers['user-agent'];
      const { session, returnTo } = await oidc.complete(attempt, `?${query}`, userAgent);
      await replaceSession(request, reply, session, parts);
      return reply.redirect(returnTo, 303);
    });
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
    const { link } = request.params as { link: string };
    const userAgent = request.headers['user-agent'];
    return orRefusal(request, reply, async () => {
      cookie.assertSameSite(request);
      const session = await spendSignInLink(db, sessions, link, { userAgent, now: realNow() });
      await replaceSession(request, reply, session, parts);
      return reply.redirect('/', 303);
    });
  });

  app.post('/sign-out', { schema }, async (request, reply) => {
    cookie.assertSameSite(request);
    const open = await openSession(request, parts);
    cookie.clear(reply);
    if (!open) return reply.redirect('/sign-in', 303);
    const { principal, session } = open;
    await sessions.end(principal, session.session_id, { reason: 'signed-out' });
    const elsewhere =
      session.provider && (await signOutUrl(parts, principal.tenantId, session.provider));
    if (!elsewhere) return reply.redirect('/sign-in', 303);
    // Not a redirect: a form's policy would not let it lead to another site.
    reply.header('refresh', `0; url=${elsewhere.href}`);
    return sendPage(reply, 'Signed out', signedOut(elsewhere));
  });
}

/** Gives the browser its new session; the one that it had does not outlive the sign-in. */
async function replaceSession(
  request: FastifyRequest,
  reply: FastifyReply,
  session: string,
  parts: SignInRoutes,
): Promise<void> {
  const old = await openSession(request, parts);
  if (old) {
    const { principal, session: ended } = old;
    await parts.sessions.end(principal, ended.session_id, { reason: 'signed-out' });
  }
  parts.cookie.set(reply, session);
}

/** Where to go on at the provider; a provider that does not answer keeps nobody signed in here. */
async function signOutUrl(
  { oidc, publicUrl }: SignInRoutes,
  tenantId: string,
  provider: ProviderSession,
): Promise<URL | undefined> {
  try {
    return await oidc.signOutUrl(tenantId, provider, `${publicUrl}/sign-in`);
  } catch {
    return undefined;
  }
}

/** Answers a refusal with a page that says what to do. */
async function orRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  act: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    logRefusal(request, error);
    return sendPage(reply, 'Not signed in', refusal(error), {
      status: STATUS[error.code] ?? 401,
    });
  }
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  'not-permitted': 403,
  'not-found': 404,
  unavailable: 503,
};

/** The session whose cookie a request carries, where there is one that is live. */
export async function openSession(
  request: FastifyRequest,
  { cookie, sessions }: Pick<SignInRoutes, 'cookie' | 'sessions'>,
): Promise<OpenSession | undefined> {
  const value = cookie.read(request);
  if (value === undefined) return undefined;
  return sessions.authenticate(value).catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.code !== 'unauthenticated') throw error;
    logRefusal(request, error);
    return undefined;
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
    <a class="act quiet" href="/passkeys">Your passkeys</a>
    <form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>`;
}

function signIn({ tenant, providers }: SignInChoice, to: string | undefined): Html {
  if (!tenant) {
    return html`<h1>Sign in to Lapse</h1><p>There are several tenants here.</p>
      <form method="get"><label>Your tenant's id<input name="tenant" required></label>
      <button>Go on</button></form>`;
  }
  if (providers.length === 0) {
    return html`<h1>Sign in to Lapse</h1>
      <p>No provider of sign-in is set up yet. On the server's own machine,
      <code>lapse token sign-in-link</code> makes a link that works once.</p>`;
  }
  const query = to === undefined ? '' : `?to=${encodeURIComponent(to)}`;
  const links = providers.map(
    ({ name, label }) =>
      html`<a class="act" href="/sign-in/with/${tenant}/${name}${query}">${label}</a>`,
  );
  return html`<h1>Sign in to Lapse</h1><p>Go on with</p>${links}`;
}

/** Where somebody who is signed in shows anew who they are, before they change who may get in. */
function signInAgain(
  { principal: { actor, tenantId }, session }: OpenSession,
  providers: SignInChoice['providers'],
  to: string | undefined,
): Html {
  const heading = html`<h1>Sign in again</h1>
    <p>You are ${actor.name}. What you are about to do changes who may get in, or what signs for you. It takes
    a sign-in of just now, so that a browser that was left open is not enough.</p>`;
  if (session.signed_in.method !== 'oidc' || providers.length === 0) {
    return html`${heading}<p>You came with a one-time link. On the server's own machine,
      <code>lapse token sign-in-link${actor.email ? ` --email ${actor.email}` : ''}</code> makes another.</p>
      <a class="act quiet" href="/">Not now</a>`;
  }
  const query = new URLSearchParams({ again: '1', ...(to === undefined ? {} : { to }) });
  const links = providers.map(
    ({ name, label }) =>
      html`<a class="act" href="/sign-in/with/${tenantId}/${name}?${query.toString()}">${label}</a>`,
  );
  return html`${heading}<p>Go on with</p>${links}<a class="act quiet" href="/">Not now</a>`;
}

function signedOut(elsewhere: URL): Html {
  return html`<h1>Signed out of Lapse</h1>
    <p>Your session has ended. You are on your way to ${elsewhere.host}, to sign out there too.</p>
    <a class="act" href="${elsewhere.href}">Go on</a>`;
}

function refusal({ message }: DomainError): Html {
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  return html`<h1>Not signed in</h1><p>${sentence}.</p><a class="act" href="/sign-in">Sign in</a>`;
}
