import { isDeepStrictEqual } from 'node:util';
import type { Actor, Role, SignIn } from '../../domain/access/actor.ts';
import type { Classification } from '../../domain/access/clearance.ts';
import type { Strike } from '../../domain/circumvention/strikes.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { Passkey, PasskeyRegistration } from '../../domain/signature/passkey.ts';

/** Where a person came from: who told Lapse of them first. */
export type PersonSource = 'administrator' | 'sign-in' | 'scim' | 'first-start';

/** What a directory says of somebody whom it keeps (RFC 7643 section 4.1), as far as Lapse uses it. */
export interface DirectoryEntry {
  /** In the form that it was written in; one name is one person, in any case. */
  readonly user_name: string;
  readonly display_name?: string;
  readonly formatted?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly emails?: readonly DirectoryEmail[];
}

/** One of the addresses that a directory knows. */
export interface DirectoryEmail {
  readonly value: string;
  readonly type?: string;
  readonly primary?: boolean;
}

/** What of a person may be set. */
export interface PersonDetails {
  readonly name: string;
  /** In the form that it was written in; one address is one person. */
  readonly email?: string;
  readonly roles: readonly Role[];
  /** Content of a higher classification is not shown to them. */
  readonly clearance: Classification;
  /** The id in the directory that keeps them. */
  readonly external_id?: string;
  /** Whoever has one is kept by a directory: by hand their name and address cannot be changed. */
  readonly directory?: DirectoryEntry;
}

/** A person's life in the ledger, their sign-ins included. */
export type PersonEvent =
  | {
      readonly type: 'PersonAdded';
      readonly data: PersonDetails & { readonly source: PersonSource };
    }
  | { readonly type: 'PersonChanged'; readonly data: PersonDetails }
  | { readonly type: 'SubjectLinked'; readonly data: Subject }
  | { readonly type: 'PersonDeactivated'; readonly data: Deactivation }
  | { readonly type: 'PersonReactivated'; readonly data: { readonly reason: string } }
  | { readonly type: 'SignedIn'; readonly data: SignIn & { readonly session_id: string } }
  | { readonly type: 'SignInLinkMade'; readonly data: { readonly ends_at: string } }
  | {
      readonly type: 'SessionEnded';
      readonly data: { readonly session_id: string; readonly reason: SessionEnd };
    }
  | { readonly type: 'PasskeyRegistered'; readonly data: PasskeyRegistration }
  | {
      /** It has signed an approval; with its counter as it was then. */
      readonly type: 'PasskeyUsed';
      readonly data: {
        readonly credential_id: string;
        readonly counter: number;
        readonly exception_id: string;
      };
    }
  | { readonly type: 'PasskeyRemoved'; readonly data: { readonly credential_id: string } }
  /** They have given access again after its end; `at` is the domain's time. */
  | { readonly type: 'StrikeCounted'; readonly data: Strike }
  | { readonly type: 'StrikesLifted'; readonly data: { readonly reason: string } };

/** Why somebody left, and whether a directory says so. */
interface Deactivation {
  readonly reason: string;
  readonly by_directory?: true;
}

/** Who a provider says somebody is. */
export interface Subject {
  readonly issuer: string;
  readonly subject: string;
}

/** Why a session ended before its time. */
export type SessionEnd = 'signed-out' | 'revoked';

/** A person as they stand. */
export interface PersonState extends PersonDetails {
  readonly person_id: string;
  readonly source: PersonSource;
  readonly active: boolean;
  /** Who deactivated them lets them in again: their directory, or an administrator. */
  readonly deactivated_by?: 'directory' | 'administrator';
  readonly subjects: readonly Subject[];
  readonly created_at: string;
  /** When their details last changed; sign-ins change none. */
  readonly changed_at: string;
  readonly signed_in_at?: string;
  /** In the order in which they were registered, removed ones too; absent until there is one. */
  readonly passkeys?: readonly Passkey[];
  /** Those that nobody has lifted; absent where there are none. */
  readonly strikes?: readonly Strike[];
}

/** What of a person may be set, as it is set. */
export function detailsOf(person: PersonDetails): PersonDetails {
  const { name, email, roles, clearance, external_id, directory } = person;
  return {
    ...{ name, roles, clearance },
    ...(email === undefined ? {} : { email }),
    ...(external_id === undefined ? {} : { external_id }),
    ...(directory === undefined ? {} : { directory }),
  };
}

/** Whether two have the same details. */
export function sameDetails(one: PersonDetails, other: PersonDetails): boolean {
  return isDeepStrictEqual(detailsOf(one), detailsOf(other));
}

/** The person after one more event. */
export function evolvePerson(
  state: PersonState | undefined,
  event: PersonEvent,
  { streamId, at }: { streamId: string; at: number; actor: Actor },
): PersonState {
  if (event.type === 'PersonAdded') {
    const { data } = event;
    const times = { created_at: formatInstant(at), changed_at: formatInstant(at) };
    return { person_id: streamId, ...data, active: true, subjects: [], ...times };
  }
  if (!state) throw new Error(`person ${streamId} begins with ${event.type}`);
  const changed_at = formatInstant(at);
  switch (event.type) {
    case 'PersonChanged': {
      const { email: _, external_id: __, directory: ___, ...kept } = state;
      return { ...kept, ...event.data, changed_at };
    }
    case 'SubjectLinked':
      return { ...state, subjects: [...state.subjects, event.data] };
    case 'PersonDeactivated': {
      const deactivated_by = event.data.by_directory ? 'directory' : 'administrator';
      return { ...state, active: false, deactivated_by, changed_at };
    }
    case 'PersonReactivated': {
      const { deactivated_by: _, ...kept } = state;
      return { ...kept, active: true, changed_at };
    }
    case 'SignedIn':
      return { ...state, signed_in_at: formatInstant(at) };
    case 'SignInLinkMade':
    case 'SessionEnded':
      return state;
    case 'PasskeyRegistered': {
      const passkey = { ...event.data, registered_at: formatInstant(at) };
      return { ...state, passkeys: [...(state.passkeys ?? []), passkey] };
    }
    case 'PasskeyUsed': {
      const { credential_id, counter } = event.data;
      return withPasskey(state, credential_id, { counter, used_at: formatInstant(at) });
    }
    case 'PasskeyRemoved':
      return withPasskey(state, event.data.credential_id, { removed_at: formatInstant(at) });
    case 'StrikeCounted':
      return { ...state, strikes: [...(state.strikes ?? []), event.data] };
    case 'StrikesLifted': {
      const { strikes: _, ...kept } = state;
      return kept;
    }
  }
}

function withPasskey(state: PersonState, id: string, change: Partial<Passkey>): PersonState {
  const passkeys = state.passkeys?.map((passkey) =>
    // One that was removed may have been registered again since.
    passkey.credential_id === id && !passkey.removed_at ? { ...passkey, ...change } : passkey,
  );
  return passkeys ? { ...state, passkeys } : state;
}
