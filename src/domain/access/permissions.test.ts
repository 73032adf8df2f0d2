import { describe, expect, it } from 'vitest';
import { ALL_ROLES, APPROVAL_ROLES, isSamePerson, type Role } from './actor.ts';
import { isPermitted, PERMISSIONS } from './permissions.ts';
import { assertPermitted } from './principal.ts';
import { assertScopes } from './scopes.ts';

/** Who may do what. A change here is a change of what people may do: make it on purpose. */
const TABLE = `
                    administrator  requestor  approver  platform  auditor  directory  operator
exception:read      yes            yes        yes       yes       yes      -          -
exception:write     yes            yes        yes       yes       -        -          -
exception:approve   -              -          yes       -         -        -          -
report:read         yes            yes        yes       yes       yes      -          -
policy:read         yes            yes        yes       yes       yes      -          -
policy:put          yes            -          -         -         -        -          -
ledger:verify       yes            yes        yes       yes       yes      -          -
ledger:open-epoch   yes            -          -         -         -        -          -
task:read           yes            -          -         yes       yes      -          -
task:retry          yes            -          -         -         -        -          -
connection:manage   yes            -          -         -         -        -          -
grant:read          yes            yes        yes       yes       yes      -          -
removal:attest      -              -          -         yes       -        -          -
reconciliation:run  yes            -          -         yes       -        -          -
finding:answer      -              -          -         yes       -        -          -
alert:read          yes            -          -         yes       yes      -          -
alert:answer        -              -          -         -         -        -          -
strike:lift         -              -          -         -         -        -          -
token:manage        yes            -          -         -         -        -          -
person:read         yes            -          -         -         yes      -          -
person:manage       yes            -          -         -         -        -          -
provider:manage     yes            -          -         -         -        -          -
workload:manage     yes            -          -         -         -        -          -
session:own         yes            yes        yes       yes       yes      -          yes
session:manage      yes            -          -         -         -        -          -
passkey:move        yes            -          -         -         -        -          -
directory:sync      -              -          -         -         -        yes        -
diagnosis:read      yes            -          -         -         yes      -          -
audit:read          yes            -          -         -         yes      -          -
clock:set           yes            yes        yes       yes       yes      -          -
tenant:read         -              -          -         -         -        -          yes
tenant:manage       -              -          -         -         -        -          yes
`;

const [header = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const cells = rows.flatMap(([permission, ...given]) =>
  given.map((cell, index) => [header[index], permission, cell] as const),
);

describe('permissions', () => {
  it('are all in the table, for every role', () => {
    const others = ALL_ROLES.filter((role) => !APPROVAL_ROLES.some((each) => each === role));
    expect(header).toEqual(others);
    expect(rows.map(([permission]) => permission)).toEqual(PERMISSIONS);
  });

  it.each(cells)('%s, %s: %s', (role, permission, cell) => {
    expect(isPermitted(role as Role, permission as (typeof PERMISSIONS)[number])).toBe(
      cell === 'yes',
    );
  });

  it.each(APPROVAL_ROLES)('of a %s are those of an approver', (role) => {
    // What is escalated, and decisions on chains, come to them as tasks; not to consumers.
    const answers = ['security', 'ciso', 'platform-lead'].includes(role);
    // What was given past the register is for security to answer (ADR 0046).
    const isSecurity = role === 'security' || role === 'ciso';
    const more = [
      ...(role === 'consumer' ? [] : ['task:read']),
      // They answer for what stands in the clouds, beside those who run them.
      ...(answers ? ['reconciliation:run', 'finding:answer'] : []),
      ...(isSecurity ? ['alert:read', 'alert:answer', 'strike:lift'] : []),
    ];
    for (const permission of PERMISSIONS)
      expect(isPermitted(role, permission)).toBe(
        isPermitted('approver', permission) || more.includes(permission),
      );
  });

  it.each(['', 'root', 'constructor', '__proto__', 'system'])('a role %j has none', (role) => {
    for (const permission of PERMISSIONS) expect(isPermitted(role as Role, permission)).toBe(false);
  });

  it('name what is missing when they refuse', () => {
    const actor = { id: 'a', name: 'A', role: 'administrator' } as const;
    const principal = { tenantId: 't', actor, clearance: 'public' } as const;
    expect(() => assertPermitted(principal, 'exception:approve')).toThrow(
      'the role administrator may not do this; it takes exception:approve',
    );
    expect(() => assertPermitted(principal, 'exception:write')).not.toThrow();
  });
});

describe('scopes', () => {
  const actor = { id: 'a', name: 'A', role: 'administrator' } as const;
  const whole = { tenantId: 't', actor, clearance: 'internal' } as const;
  const scoped = { ...whole, scopes: ['token:manage', 'exception:read'] as const };

  it('leave of a role what they name, and add nothing to it', () => {
    expect(() => assertPermitted(scoped, 'token:manage')).not.toThrow();
    expect(() => assertPermitted(scoped, 'policy:put')).toThrow(
      'the scopes token:manage, exception:read do not let it do this; it takes policy:put',
    );
    const auditor = { ...scoped, actor: { ...actor, role: 'auditor' } as const };
    expect(() => assertPermitted(auditor, 'token:manage')).toThrow('the role auditor may not');
  });

  it('are of the role that they are given with', () => {
    const giver = whole;
    expect(() => assertScopes(giver, 'auditor', ['task:read', 'exception:write'])).toThrow(
      'the role auditor does not grant exception:write; of these any would pass: exception:read',
    );
    expect(() => assertScopes(giver, 'auditor', ['task:read'])).not.toThrow();
    expect(() => assertScopes(giver, 'approver', undefined)).not.toThrow();
  });

  it('cannot make more of themselves', () => {
    expect(() => assertScopes(scoped, 'auditor', ['exception:read'])).not.toThrow();
    for (const wanted of [undefined, ['report:read'] as const])
      expect(() => assertScopes(scoped, 'auditor', wanted)).toThrow('can give no others');
  });
});

describe('two actors are one person', () => {
  it.each([
    ['the same id', { id: 'a' }, { id: 'a', email: 'x@example.com' }, true],
    [
      'the same address',
      { id: 'a', email: 'X@example.com' },
      { id: 'b', email: 'x@Example.com' },
      true,
    ],
    ['neither', { id: 'a', email: 'x@example.com' }, { id: 'b', email: 'y@example.com' }, false],
    ['nothing to compare', {}, {}, false],
    ['one without an address', { id: 'a' }, { id: 'b', email: 'x@example.com' }, false],
  ])('%s', (_, one, other, same) => {
    expect(isSamePerson(one, other)).toBe(same);
    expect(isSamePerson(other, one)).toBe(same);
  });
});
