import type { ExceptionFields } from '../exception/fields.ts';
import type { ExceptionState } from '../exception/state.ts';

/** One piece of access or exemption, as the record lists it (INTERFACE, Records). */
export type GrantSpec = NonNullable<ExceptionFields['grants']>[number];

/**
 * The id of the nth grant of a record, from 1: the record's ULID with the number. It needs no row to
 * be known, and stays what it is, since grants cannot be edited once the record was in force.
 */
function grantId(exceptionId: string, number: number): string {
  return `GRT_${exceptionId.replace(/^EXC_/, '')}-${number}`;
}

/** A grant of a record, with its id. */
export interface ListedGrant {
  readonly grantId: string;
  readonly spec: GrantSpec;
}

/** The grants that Lapse looks after: those of a record that has been in force. */
export function grantsOf({ exception_id, fields, activated_at }: ExceptionState): ListedGrant[] {
  if (activated_at === undefined) return [];
  return (fields.grants ?? []).map((spec, index) => ({
    grantId: grantId(exception_id, index + 1),
    spec,
  }));
}

/**
 * What a grant gives, to whom and where, without regard to case and spaces: the same key is the same
 * access, whichever record lists it (reference/azure.md, fact 4: never match by resource id).
 */
export function grantKey(spec: GrantSpec): string {
  const { kind, target, subject, permission } = spec;
  // An exemption in Defender for Cloud is a policy exemption: the same one, whatever it is called.
  const sort = plain(kind) === 'defender-exemption' ? 'policy-exemption' : kind;
  const isRule = NETWORK_RULES.has(plain(kind));
  const given = isRule ? ruleParts(spec) : [subject ?? '', roleOf(permission ?? '')];
  const references = policyReferences(spec).map(plain).sort().join('&');
  const parts = [sort, target, ...given].map(plain);
  return [...parts, ...(references === '' ? [] : [references])].join('\n');
}

/** The policies of an initiative that an exemption is from, by their reference ids; none: all of it. */
export function policyReferences({ parameters }: GrantSpec): string[] {
  const text = parameters?.policy_definition_reference_ids ?? '';
  return text
    .split('&')
    .map((reference) => reference.trim())
    .filter((reference) => reference !== '');
}

/** Kinds whose parameters say what is allowed. */
const NETWORK_RULES: ReadonlySet<string> = new Set(['nsg-rule', 'firewall-rule-group']);

/** What a rule of a network lets pass: its priority decides about nothing but the order. */
function ruleParts({ subject, parameters = {} }: GrantSpec): string[] {
  const { source = subject, destination, ports, protocol, direction, access } = parameters;
  const lists = [source, destination, ports].map((list = '') =>
    list.split(',').map(plain).sort().join(','),
  );
  return [...lists, protocol ?? '', direction ?? '', access ?? 'allow'];
}

/** Roles are named by their GUID, or by an id that ends in it. */
function roleOf(permission: string): string {
  return /\/roleDefinitions\/([^/]+)\/*$/i.exec(permission.trim())?.[1] ?? permission;
}

/**
 * What limits how many calls may be made at once and how fast: Azure counts by subscription, and those
 * of Microsoft.Network apart; a firewall policy and a storage account's rules take one change at a time;
 * Microsoft Graph counts apart (reference/azure.md).
 */
export function laneOf({ kind, target }: GrantSpec): string {
  const path = plain(target);
  const policy = /^\/subscriptions\/.*\/firewallpolicies\/[^/]+/.exec(path)?.[0];
  if (policy !== undefined) return `policy:${policy}`;
  if (kind === 'storage-ip-rule') return `account:${path}`;
  const subscription = /^\/subscriptions\/([^/]+)/.exec(path)?.[1];
  if (subscription !== undefined)
    return `${kind === 'nsg-rule' ? 'network' : 'subscription'}:${subscription}`;
  if (path.startsWith('/providers/')) return 'azure';
  return kind === 'group-member' ? 'graph' : `kind:${plain(kind)}`;
}

/** Whether a lane takes one call after the other. */
export function takesTurns(lane: string): boolean {
  return /^(?:policy|account):/.test(lane);
}

function plain(text: string): string {
  return text.trim().replace(/\s+/g, ' ').replace(/\/+$/, '').toLowerCase();
}
