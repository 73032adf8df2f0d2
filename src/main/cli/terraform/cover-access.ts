import { type GrantSpec, grantKey } from '../../../domain/enforcement/grant-spec.ts';
import { grantSentence } from '../../../domain/enforcement/grant-words.ts';
import { timeText } from '../render/time-text.ts';
import type { PlannedAccess } from './planned-access.ts';

/** A grant that the register knows, with the record that lists it. */
export interface KnownGrant {
  readonly exceptionId: string;
  readonly spec: GrantSpec;
}

/** A record as far as it decides whether its grants cover a plan. */
export interface KnownRecord {
  readonly status: string;
  readonly inForce: boolean;
  /** RFC 3339. */
  readonly expiresAt: string | undefined;
}

/** What the register says, as far as a plan asks. */
export interface Register {
  readonly grants: readonly KnownGrant[];
  readonly records: ReadonlyMap<string, KnownRecord>;
}

/** Whether what a plan gives may be given, and what would pass where not. */
export interface Verdict {
  readonly rule: 'access-covered' | 'access-uncovered' | 'access-outlives' | 'access-endless';
  readonly message: string;
}

/** What is compared: the access, where an exemption is from some policies alone, those too. */
export function accessKey(spec: GrantSpec): string {
  const kind = spec.kind.trim().toLowerCase();
  // An exemption in Defender for Cloud is a policy exemption (reference/azure.md).
  const sort = kind === 'defender-exemption' ? 'policy-exemption' : kind;
  const references = (spec.parameters?.policy_definition_reference_ids ?? '')
    .split('&')
    .map((reference) => reference.trim().toLowerCase())
    .filter((reference) => reference !== '');
  return [grantKey({ ...spec, kind: sort }), ...references.sort()].join('\n');
}

/** The keys under which a record may name what a change gives. */
export function keysOf({ spec, others }: PlannedAccess): string[] {
  return [spec, ...others].map(accessKey);
}

/** Judges one change by the register: covered by the record in force that ends last, or not at all. */
export function judge(access: PlannedAccess, register: Register): Verdict {
  const keys = new Set(keysOf(access));
  const same = register.grants.filter(({ spec }) => keys.has(accessKey(spec)));
  const covering = same
    .flatMap(({ exceptionId }) => {
      const record = register.records.get(exceptionId);
      return record?.inForce && record.expiresAt
        ? [{ exceptionId, expiresAt: record.expiresAt }]
        : [];
    })
    .sort((one, other) => Date.parse(other.expiresAt) - Date.parse(one.expiresAt))[0];
  const gives = `gives ${grantSentence(access.spec)}`;
  if (!covering)
    return { rule: 'access-uncovered', message: uncovered(gives, access, same, register) };
  const { exceptionId, expiresAt } = covering;
  const until = `${exceptionId} covers it until ${timeText(expiresAt)}`;
  if (access.end === 'none') {
    const message = `${gives}: ${until}, and nothing ends it in Azure; set expires_on = "${expiresAt}"`;
    return { rule: 'access-endless', message };
  }
  if (access.end !== undefined && access.end > Date.parse(expiresAt)) {
    const message = `${gives}: ${until}, and expires_on is later; expires_on = "${expiresAt}" would pass`;
    return { rule: 'access-outlives', message };
  }
  return { rule: 'access-covered', message: `${gives}: ${until}` };
}

function uncovered(
  gives: string,
  access: PlannedAccess,
  same: readonly KnownGrant[],
  register: Register,
): string {
  const none = `${gives}, and no exception in force covers it`;
  const asked = same.map(({ exceptionId }) => ({
    exceptionId,
    ...register.records.get(exceptionId),
  }));
  const [waiting] = asked.filter(({ status }) => WAITING.has(status ?? ''));
  if (waiting) {
    const { exceptionId, status } = waiting;
    return `${none}; ${exceptionId} asks for exactly this and is ${status}: it passes once that is in force`;
  }
  const [ended] = asked.filter(({ status }) => status !== undefined);
  if (ended) {
    const { exceptionId, status } = ended;
    return `${none}; ${exceptionId} did, and is ${status}: renew it, or take this out`;
  }
  const near = nearest(access.spec, register);
  const nearText = near ? `; the nearest is ${near.exceptionId}, ${grantSentence(near.spec)}` : '';
  return `${none}${nearText}; to ask for it: ${howToAsk(access.spec)}`;
}

const WAITING = new Set(['Draft', 'Under-Review', 'Approved']);

/** The grant that has most in common with a change, where that is more than its kind. */
function nearest(spec: GrantSpec, { grants }: Register): KnownGrant | undefined {
  const inCommon = (other: GrantSpec) =>
    (['target', 'subject', 'permission'] as const).filter(
      (part) => spec[part] !== undefined && same(spec[part], other[part]),
    ).length;
  return grants
    .filter(({ spec: other }) => same(spec.kind, other.kind))
    .map((grant) => ({ grant, common: inCommon(grant.spec) }))
    .filter(({ common }) => common > 0)
    .sort((one, other) => other.common - one.common)[0]?.grant;
}

function same(one: string, other: string | undefined): boolean {
  return other !== undefined && plain(one) === plain(other);
}

/** Without regard to case and a last slash; a role by the GUID that its id ends in. */
function plain(text: string): string {
  const path = text.trim().toLowerCase().replace(/\/+$/, '');
  return /\/roledefinitions\/([^/]+)$/.exec(path)?.[1] ?? path;
}

/** A command that may be copied: nothing of a plan ends its quotes. */
function howToAsk(spec: GrantSpec): string {
  const text = JSON.stringify([spec]).replaceAll("'", '\\u0027');
  return `lapse new --set 'grants=${text}'`;
}
