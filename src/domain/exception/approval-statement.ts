import type { Actor } from '../access/actor.ts';
import type { DomainError } from '../errors.ts';
import { canonicalJson } from '../ledger/canonical.ts';
import type { Requirement } from '../policy/policy.ts';
import { formatInstant } from '../schedule/instant.ts';
import type { ApprovalStatement } from '../signature/approval-signature.ts';
import { awaitedDecision } from './awaited-approvals.ts';
import { refuse } from './decision.ts';
import { actorReference } from './event-reading.ts';
import type { OnBehalf } from './events.ts';
import type { ExceptionState } from './state.ts';
import { statementDigest } from './statement.ts';

/** An approval of what a record waits for, as its event holds it. */
export interface ApprovalToState {
  readonly role: string;
  readonly consumer?: string;
  readonly on_behalf_of?: OnBehalf;
  readonly reason: string;
  /** The end of a request that is approved; a change has its own. */
  readonly ends_by?: string;
}

interface By {
  readonly tenantId: string;
  readonly actor: Actor;
}

/** What an approval says of what the record waits for; undefined where it waits for nothing. */
export function statementOf(
  state: ExceptionState,
  { role, consumer, on_behalf_of, reason, ends_by }: ApprovalToState,
  { tenantId, actor }: By,
): ApprovalStatement | undefined {
  const awaited = awaitedDecision(state);
  if (!awaited) return undefined;
  const change = awaited.change_id === undefined ? undefined : (state.owed ?? state.pending_change);
  const ends_at = change ? formatInstant(change.expires_at) : ends_by;
  if (ends_at === undefined) return undefined;
  return {
    v: 1,
    tenant_org: tenantId,
    exception_id: state.exception_id,
    title: state.fields.title,
    approves: change?.kind ?? (state.request?.break_glass ? 'emergency' : 'request'),
    ...(change ? { change_id: change.change_id } : {}),
    asked_at: formatInstant(awaited.asked_at),
    statement_digest: statementDigest(state.fields),
    ends_at,
    role,
    ...(consumer === undefined ? {} : { consumer }),
    ...(on_behalf_of === undefined ? {} : { on_behalf_of }),
    approver: actorReference(actor),
    reason,
  };
}

/** The rule that asks for a signature of an approval that fills a role; undefined where none does. */
export function signatureRule(
  state: ExceptionState,
  { role, consumer }: Pick<ApprovalToState, 'role' | 'consumer'>,
): string | undefined {
  const fills = (each: Requirement) => each.role === role && each.consumer === consumer;
  return awaitedDecision(state)?.requirements.find((each) => fills(each) && each.signature)
    ?.signature;
}

/** What of a signed statement is not what the approval says now, in words; undefined where all is. */
export function differenceFrom(
  now: ApprovalStatement,
  signed: ApprovalStatement,
): string | undefined {
  const names = new Set([...Object.keys(now), ...Object.keys(signed)]) as Set<
    keyof ApprovalStatement
  >;
  for (const name of names) {
    const [is, was] = [textOf(now[name]), textOf(signed[name])];
    if (is !== was) return `${name} is ${is}, and ${was} was signed`;
  }
  return undefined;
}

function textOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : canonicalJson(value);
}

/** Why an approval does not go as it is signed, or without a signature; undefined where it does. */
export function signatureRefusal(
  state: ExceptionState,
  given: ApprovalToState,
  signed: ApprovalStatement | undefined,
  by: By,
): DomainError | undefined {
  if (!signed) {
    const rule = signatureRule(state, given);
    if (rule === undefined) return undefined;
    const { exception_id: id } = state;
    const message = `an approval as ${given.role} has to be signed with a passkey (rule ${rule}): sign it at /approve/${id}, where you are signed in`;
    return refuse('signature-required', message);
  }
  const now = statementOf(state, given, by);
  const difference = now ? differenceFrom(now, signed) : 'nothing waits for an approval';
  return difference === undefined
    ? undefined
    : refuse(
        'signature-refused',
        `what was signed is not what would be approved: ${difference}; look at the record again, and sign what it says now`,
      );
}
