import { bytesToHex } from '@noble/hashes/utils.js';
import { canonicalBytes } from '../ledger/canonical.ts';
import { portableSha256 } from '../ledger/hash.ts';
import type { ChainMemory } from './events.ts';
import type { ExceptionFields } from './fields.ts';
import type { ExceptionState } from './state.ts';

/**
 * What a record is an exception from, for whom and where, as SHA-256 in hex: the control (without
 * one, the rules that are not followed), the environment, the scope, each grant's target and
 * subject, and the services; all of it without regard to case, spaces and order. Records that
 * differ in their wording, risk or times alone have the same key. `undefined` where a record names
 * nothing that could be recognised again. ADR 0024 says why it is made of these.
 */
export function lineageKey(fields: ExceptionFields): string | undefined {
  const { control, policy_ref = [], environment, scope = {}, grants = [], services = [] } = fields;
  const covered = {
    scope: Object.entries(scope).flatMap(([list, names]) =>
      (names ?? []).map((name) => `${list} ${plain(name)}`),
    ),
    grants: grants.map(({ target, subject }) => `${plain(target)}\n${plain(subject ?? '')}`),
    services: services.map(plain),
  };
  if (Object.values(covered).every((names) => names.length === 0)) return undefined;
  const rule = control === undefined ? policy_ref.map(plain) : [control];
  const lists = { rule, environment: [environment ?? ''], ...covered };
  const sorted = Object.entries(lists).map(([name, list]) => [name, [...new Set(list)].sort()]);
  return bytesToHex(portableSha256(canonicalBytes(Object.fromEntries(sorted))));
}

/**
 * The places that a request takes: the key with its number in the chain, and with 0 where the chain
 * comes to this key for the first time. No two records ever hold the same place, so a key belongs to
 * one chain, and each number in it to one record. A record holds them from its submission until it is
 * over without having been in force; one that was in force holds them for good.
 *
 * An emergency stands in no chain. Its key has one place for emergencies, which it holds until it is
 * archived, so that no emergency follows another (ADR 0028).
 */
export function requestedPlaces(
  { renewal_number: number, chain }: ExceptionState,
  fields: ExceptionFields,
  isEmergency = false,
): string[] {
  const key = lineageKey(fields);
  if (key === undefined) return [];
  if (isEmergency) return [`${key}${EMERGENCY}`];
  const isFirst = !chain?.keys.includes(key);
  return [...new Set([isFirst ? 0 : number, number])].map((each) => place(key, each));
}

/** The places that a record holds as it stands. */
export function heldPlaces({ status, request, activated_at }: ExceptionState): readonly string[] {
  const isOver = status === 'Closed' || status === 'Archived';
  if (request?.break_glass && status === 'Archived') return [];
  return isOver && activated_at === undefined ? [] : (request?.places ?? []);
}

/** Sorts before the numbers of a chain, so that the newest of a chain is the last all the same. */
const EMERGENCY = '/-emergency';

/** What the record hands on to its renewal. */
export function chainMemory({ chain, fields, request }: ExceptionState): ChainMemory {
  const { justifications = [], keys = [] } = chain ?? {};
  const own = fields.justification === undefined ? [] : [fields.justification];
  return {
    justifications: [...justifications, ...own],
    keys: [...new Set([...keys, ...(request?.places ?? []).map(keyOf)])],
  };
}

/** The key of a place. */
export function keyOf(text: string): string {
  return text.slice(0, text.indexOf('/'));
}

/** Padded, so that the places of a key sort as their numbers do. */
function place(key: string, number: number): string {
  return `${key}/${String(number).padStart(6, '0')}`;
}

function plain(text: string): string {
  const joined = text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
  return joined.replace(/\/+$/, '');
}
