import type { GrantSpec } from './grant-spec.ts';
import { roleName } from './known-roles.ts';

/** What a grant gives, and where: for whoever approves it, or looks at what stands in the cloud. */
export interface GrantWords {
  /** Such as `the role Owner for p.okafor@example.com`. */
  readonly what: string;
  /** As the record has it. */
  readonly where: string;
}

/** Says a grant in words. Nothing of it is left out; what is not known to be anything is told as it is. */
export function grantWords(spec: GrantSpec): GrantWords {
  const { kind, target, permission, subject, parameters = {} } = spec;
  const role = permission === undefined ? 'a role' : `the role ${roleText(permission)}`;
  const from = permission === undefined ? '' : ` from ${permission}`;
  const given = new Map([
    ['role-assignment', role],
    ['policy-exemption', `an exemption${from}`],
    ['defender-exemption', `an exemption in Defender for Cloud${from}`],
    [
      'group-member',
      `membership of the group${permission === undefined ? '' : ` (${permission})`}`,
    ],
  ]);
  const what = given.get(kind) ?? [kind, permission].filter(Boolean).join(' ');
  const receiver = subject === undefined ? '' : ` for ${subject}`;
  const details = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  const more = details.length === 0 ? '' : ` (${details.join(', ')})`;
  return { what: `${what}${receiver}${more}`, where: target };
}

/** A grant as one sentence. */
export function grantSentence(spec: GrantSpec): string {
  const { what, where } = grantWords(spec);
  return `${what} on ${where}`;
}

/** A role whose name is known, with its id, since that is what counts. */
function roleText(permission: string): string {
  const name = roleName(permission);
  return name === undefined ? permission : `${name} (${permission})`;
}
