import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { assertPermitted } from '../domain/access/principal.ts';
import { grantSentence } from '../domain/enforcement/grant-words.ts';
import { DomainError } from '../domain/errors.ts';
import { waitsFor } from '../domain/exception/approval-standing.ts';
import { awaitedDecision } from '../domain/exception/awaited-approvals.ts';
import { isBreakGlass } from '../domain/exception/break-glass.ts';
import { chainPlace } from '../domain/exception/chain-place.ts';
import { riskScore, severity } from '../domain/exception/risk.ts';
import type { ExceptionState } from '../domain/exception/state.ts';
import { endIfApproved } from '../domain/exception/time-limits.ts';
import { requirementText } from '../domain/policy/approval-progress.ts';
import type { Policy } from '../domain/policy/policy.ts';
import { formatInstant, type Instant } from '../domain/schedule/instant.ts';
import type { Passkey } from '../domain/signature/passkey.ts';
import { openSession } from '../features/identity/sign-in-routes.ts';
import { type Html, html, sendPage } from '../platform/http/page.ts';
import type { Lapse } from './compose.ts';
import { projectRoot } from './project-root.ts';

const SCRIPT = '/passkeys.js';
const schema = { hide: true };

/** `/passkeys` and `/approve/{id}`: until the web application comes, what takes a browser to sign. */
export function addPasskeyPages(app: FastifyInstance, lapse: Lapse): void {
  app.get(SCRIPT, { schema }, async (_, reply) => {
    const file = join(projectRoot(), 'src', 'main', 'browser', 'passkeys.js');
    return reply.type('text/javascript; charset=utf-8').send(await readFile(file, 'utf8'));
  });

  app.get('/passkeys', { schema }, async (request, reply) => {
    const open = await openSession(request, lapse.signIn);
    if (!open) return reply.redirect('/sign-in?to=/passkeys', 303);
    const passkeys = await lapse.passkeys.list(open.principal);
    return sendPage(reply, 'Your passkeys', passkeysPage(passkeys), { script: SCRIPT });
  });

  app.get('/approve/:id', { schema }, async (request, reply) => {
    const { id } = request.params as { id: string };
    const open = await openSession(request, lapse.signIn);
    if (!open) return reply.redirect(`/sign-in?to=/approve/${encodeURIComponent(id)}`, 303);
    const { principal } = open;
    return orRefusal(reply, async () => {
      assertPermitted(principal, 'exception:approve');
      const [{ state }, standing, passkeys] = await Promise.all([
        lapse.exceptions.views.get(principal, id),
        lapse.groundsOf(principal.tenantId),
        lapse.passkeys.list(principal),
      ]);
      const capacities = waitsFor(state, principal.actor, standing).map(
        ({ requirement, capacity: { person, delegation } }) => {
          const value = [requirement.role, requirement.consumer ?? null];
          const other = delegation ? (person.email ?? person.id) : null;
          const text = delegation
            ? `${requirementText(requirement)}, for ${person.name}`
            : requirementText(requirement);
          return { value: JSON.stringify([...value, other]), text };
        },
      );
      const body =
        capacities.length === 0
          ? nothingToApprove(state)
          : approvePage(capacities, { state, standing, hasPasskey: passkeys.length > 0 });
      return sendPage(reply, 'Approve', body, { script: SCRIPT });
    });
  });
}

async function orRefusal(
  reply: FastifyReply,
  act: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const status = error.code === 'not-found' ? 404 : 403;
    const body = html`<h1>Not possible</h1><p>${error.message}.</p><a class="act" href="/">Go on</a>`;
    return sendPage(reply, 'Not possible', body, { status });
  }
}

const NO_SCRIPT = html`<noscript><p>This page needs its script: only that can ask your browser for a passkey.</p></noscript>`;
const STATUS = html`<p role="status" class="said"></p>`;

function passkeysPage(passkeys: readonly Passkey[]): Html {
  const items = passkeys.map(
    ({
      credential_id,
      name,
      registered_at,
      used_at,
      rp_id,
    }) => html`<li><div><strong>${name}</strong>
      <small>of ${rp_id}, registered ${dayText(registered_at)}, ${used_at ? `last used ${dayText(used_at)}` : 'not used yet'}</small></div>
      <button class="quiet" data-remove="${credential_id}" data-name="${name}">Remove</button></li>`,
  );
  return html`<h1>Your passkeys</h1>
    <p>Where the policy asks for it, you sign an approval with one of these: your device asks for a
    finger, your face or a PIN. What is signed stands in the ledger, and anybody who has it can check it.</p>
    ${items.length > 0 ? html`<ul>${items}</ul>` : html`<p>You have none yet.</p>`}
    <form id="register"><label>What to call it<input name="name" required maxlength="100" value="This device"></label>
    <button>Register a passkey</button></form>${STATUS}${NO_SCRIPT}<p><a href="/">Who you are</a></p>`;
}

interface Choice {
  readonly value: string;
  readonly text: string;
}

interface Approving {
  readonly state: ExceptionState;
  readonly standing: { readonly policy: Policy; readonly now: Instant };
  readonly hasPasskey: boolean;
}

function approvePage(
  [only, ...others]: readonly Choice[],
  { state, standing, hasPasskey }: Approving,
): Html {
  const choices = [only, ...others].map(
    (each) => html`<option value="${each?.value}">${each?.text}</option>`,
  );
  const as =
    others.length === 0
      ? html`<input type="hidden" name="as" value="${only?.value}">`
      : html`<label>As<select name="as">${choices}</select></label>`;
  const form = hasPasskey
    ? html`<form id="approve" data-id="${state.exception_id}" data-change="${awaitedDecision(state)?.change_id}">
        ${as}<label>Why you approve it<textarea name="reason" required rows="3" maxlength="10000"></textarea></label>
        <button>Go on to sign</button></form>${signingSteps()}`
    : html`<p>You have no passkey yet.</p><a class="act" href="/passkeys">Register one</a>`;
  return html`<h1>${state.fields.title}</h1><p id="waits">${whatWaits(state)}${others.length === 0 ? `, as ${only?.text}` : ''}.</p>
    ${facts(state, standing)}${form}${STATUS}${NO_SCRIPT}`;
}

/** What is shown before it is signed, filled in with the statement that the server gives. */
function signingSteps(): Html {
  return html`<section id="signing" hidden><h2>This is what you sign</h2>
    <dl><dt>You allow</dt><dd data-say="title"></dd>
    <dt>Until</dt><dd><strong data-say="end"></strong>, at the latest</dd>
    <dt>As</dt><dd data-say="role"></dd>
    <div data-row hidden><dt>For</dt><dd data-say="other"></dd></div>
    <dt>Because</dt><dd data-say="reason"></dd>
    <dt>Digest</dt><dd><code data-say="digest"></code></dd></dl>
    <button id="sign">Sign with a passkey</button><button id="back" class="quiet">Back</button></section>
    <section id="signed" hidden><h2>Signed and approved</h2>
    <p>Your signature is in the ledger. The exception is now <strong data-say="status"></strong>.</p></section>`;
}

function nothingToApprove({ fields, status }: ExceptionState): Html {
  return html`<h1>${fields.title}</h1>
    <p>Nothing of it waits for you: it is ${status}. You may have approved it already, it may be your own
    request, or others have to approve first.</p><a class="act" href="/">Go on</a>`;
}

function whatWaits(state: ExceptionState): string {
  const change = state.owed ?? state.pending_change;
  if (change) return `A ${change.kind} of it waits for your approval`;
  return state.request?.break_glass
    ? 'This emergency waits for your approval'
    : 'This request waits for your approval';
}

function facts(state: ExceptionState, standing: Approving['standing']): Html {
  const { fields } = state;
  const change = state.owed ?? state.pending_change;
  const end = change ? timeText(change.expires_at) : endText(state, standing);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Asked for by', fields.requestor?.name],
    ['Gives', fields.grants?.map(grantSentence).join('; ')],
    ['Why', change?.reason ?? fields.justification],
    ['Until', end],
    ['Environment', fields.environment],
    ['Risk', riskText(fields)],
    ['Held in check by', fields.compensating_controls?.join('; ')],
    ['Afterwards', fields.expiry_actions],
    ['Record', state.exception_id],
  ];
  return html`<dl>${rows.flatMap(([name, text]) => (text ? [html`<dt>${name}</dt><dd>${text}</dd>`] : []))}</dl>`;
}

function riskText(fields: ExceptionState['fields']): string | undefined {
  const score = riskScore(fields);
  return score === undefined || score === null ? undefined : `${severity(fields)} (${score} of 9)`;
}

/** The end that it would get now; a duration counts from approval. */
function endText(state: ExceptionState, { policy, now }: Approving['standing']): string {
  const asked = endIfApproved(state.fields, now, policy, chainPlace(state), isBreakGlass(state));
  return Array.isArray(asked)
    ? asked.map(({ message }) => message).join('; ')
    : timeText(asked.expires_at);
}

function timeText(instant: Instant): string {
  return `${formatInstant(instant).slice(0, 16).replace('T', ' ')} UTC`;
}

function dayText(text: string): string {
  return text.slice(0, 10);
}
