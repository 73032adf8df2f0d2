import { z } from 'zod';
import { PERSON_ROLES } from '../../domain/access/actor.ts';
import { shortText } from '../../domain/exception/field-shapes.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import type { Subject } from './person-events.ts';

const roles = z.array(z.enum(PERSON_ROLES)).max(PERSON_ROLES.length);
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const claimName = z.string().min(1).max(200);
const claimValue = z.string().min(1).max(300);
const mapSize = 500;

/** A mapping from values of a claim; large directories have many groups, and few of them matter. */
function mapped<T extends z.ZodType>(value: T) {
  return z
    .record(claimValue, value)
    .refine((map) => Object.keys(map).length <= mapSize, `maps ${mapSize} values at most`);
}

/** Where an issuer of tokens is. */
export const issuerAddress = z
  .url()
  .max(500)
  .refine(
    isSecureAddress,
    'must be an https address (http on loopback alone), without query or fragment',
  );

/** How people sign in through one OpenID provider. */
export const providerSettings = z.strictObject({
  label: shortText.describe('what the sign-in page calls it'),
  issuer: issuerAddress.describe('as its discovery document names it'),
  client_id: z.string().min(1).max(500),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/))
    .max(20)
    .default(['openid', 'profile', 'email']),
  roles_claim: claimName.default('groups').describe('whose values roles and clearance follow from'),
  roles: mapped(roles)
    .default({})
    .describe('roles by value of the claim; where there are none, roles are set in Lapse'),
  default_roles: roles
    .default([])
    .describe('of everybody it signs in; without any role nobody gets in'),
  clearances: mapped(z.enum(CLASSIFICATIONS))
    .default({})
    .describe('clearance by value of the claim'),
  default_clearance: z.enum(CLASSIFICATIONS).default('internal'),
  email_domains: z
    .array(
      z
        .string()
        .toLowerCase()
        .regex(/^[a-z0-9.-]{1,253}$/),
    )
    .max(100)
    .default([])
    .describe('whose verified addresses it may link to people who are known already'),
});
export type ProviderSettings = z.output<typeof providerSettings>;

export const providerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and dashes');

/** A provider's life in the ledger; its client secret never is in it. */
export type ProviderEvent =
  | { readonly type: 'ProviderPut'; readonly data: ProviderSettings }
  | { readonly type: 'ProviderRemoved'; readonly data: Record<string, never> }
  | {
      /** Somebody whom the provider vouched for, and who does not get in. */
      readonly type: 'SignInRefused';
      readonly data: Subject & { readonly reason: string };
    };

/** A provider as it stands. */
export interface ProviderState {
  readonly name: string;
  readonly settings: ProviderSettings;
  readonly active: boolean;
}

/** The provider after one more event. */
export function evolveProvider(
  state: ProviderState | undefined,
  event: ProviderEvent,
  { streamId: name }: { readonly streamId: string },
): ProviderState {
  if (event.type === 'ProviderPut') return { name, settings: event.data, active: true };
  if (!state) throw new Error(`provider ${name} begins with ${event.type}`);
  return event.type === 'ProviderRemoved' ? { ...state, active: false } : state;
}

/** Whether an address is https, or http on loopback, without query or fragment. */
export function isSecureAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash } = new URL(text);
  if (search || hash) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}
