import type { Actor } from '../access/actor.ts';
import { type Instant, parseInstant } from '../schedule/instant.ts';
import type { ApprovalSignature } from '../signature/approval-signature.ts';
import type { ExceptionEvent, OnBehalf } from './events.ts';
import type { ActorReference, Approval } from './state.ts';

/** When an event happened, through whom, and to which record. */
export interface EventContext {
  readonly exceptionId: string;
  readonly at: Instant;
  readonly actor: Actor;
}

/** What events of a type hold. */
export type DataOf<Type extends ExceptionEvent['type']> = Extract<
  ExceptionEvent,
  { type: Type }
>['data'];

/** The part of an actor that records keep. */
export function actorReference(actor: Actor): ActorReference {
  return actor.email === undefined
    ? { id: actor.id, name: actor.name }
    : { id: actor.id, name: actor.name, email: actor.email };
}

/** An approval as a record keeps it. */
export function approval(
  data: {
    role: string;
    consumer?: string;
    on_behalf_of?: OnBehalf;
    reason: string;
    ends_by?: string;
    signature?: ApprovalSignature;
  },
  { at, actor }: EventContext,
): Approval {
  const { role, consumer, on_behalf_of, reason, ends_by, signature } = data;
  return {
    role,
    ...(consumer === undefined ? {} : { consumer }),
    ...(ends_by === undefined ? {} : { ends_by: instant(ends_by) }),
    by: actorReference(actor),
    ...(on_behalf_of === undefined ? {} : { on_behalf_of }),
    at,
    reason,
    ...(actor.signed_in === undefined ? {} : { signed_in: actor.signed_in }),
    ...(signature === undefined ? {} : { passkey: signature.credential_id }),
  };
}

/** The instant that a text of an event names. */
export function instant(text: string): Instant {
  const parsed = parseInstant(text);
  if (parsed === undefined)
    throw new Error(`an event holds an instant that is not RFC 3339: ${text}`);
  return parsed;
}
