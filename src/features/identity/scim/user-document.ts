import { emailAddress } from '../../../domain/exception/field-shapes.ts';
import type { DirectoryEmail, DirectoryEntry, PersonState } from '../person-events.ts';
import type { Document } from './scim-document.ts';
import { ScimRefusal, shown } from './scim-refusal.ts';

/** What of a person follows from what their directory says. */
export interface DirectoryDetails {
  readonly name: string;
  readonly email?: string;
  readonly external_id?: string;
  readonly directory: DirectoryEntry;
}

/** A person as their directory knows them. */
export function documentOf({ directory, external_id, active, name }: PersonState): Document {
  const { user_name, display_name, formatted, given_name, family_name, emails } = directory ?? {
    user_name: name,
  };
  const parts = assigned({ formatted, givenName: given_name, familyName: family_name });
  return assigned({
    userName: user_name,
    externalId: external_id,
    displayName: display_name,
    name: Object.keys(parts).length > 0 ? parts : undefined,
    emails: emails?.map((one) => assigned({ ...one })),
    active,
  });
}

/** What a document says of a person; refuses an address that is none. */
export function detailsFrom(document: Document): DirectoryDetails {
  const { userName, externalId, displayName, name, emails } = document;
  const parts = (name ?? {}) as Document;
  const addresses = (emails ?? []) as unknown as readonly DirectoryEmail[];
  for (const { value } of addresses) assertAddress(value);
  const directory = assigned({
    user_name: userName,
    display_name: displayName,
    formatted: parts.formatted,
    given_name: parts.givenName,
    family_name: parts.familyName,
    emails: addresses.length > 0 ? (emails as readonly Document[]) : undefined,
  }) as unknown as DirectoryEntry;
  return {
    name: nameOf(directory),
    ...(assigned({ email: addressOf(directory), external_id: externalId }) as object),
    directory,
  };
}

function nameOf({ display_name, formatted, given_name, family_name, user_name }: DirectoryEntry) {
  const joined = [given_name, family_name].filter(Boolean).join(' ');
  return (display_name ?? formatted ?? (joined || user_name)).slice(0, 300);
}

/** The primary address, else that of work, else the first; else a name that is one. */
function addressOf({ emails = [], user_name }: DirectoryEntry): string | undefined {
  const best =
    emails.find(({ primary }) => primary) ??
    emails.find(({ type }) => type?.toLowerCase() === 'work') ??
    emails[0];
  if (best) return best.value;
  return emailAddress.safeParse(user_name).success ? user_name : undefined;
}

function assertAddress(value: string): void {
  if (emailAddress.safeParse(value).success) return;
  throw new ScimRefusal('invalidValue', `emails has ${shown(value)}, which is no address`);
}

/** Without what is not assigned. */
function assigned(values: Readonly<Record<string, Document[string] | undefined>>): Document {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Document;
}
