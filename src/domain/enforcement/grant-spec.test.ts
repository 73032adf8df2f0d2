import { describe, expect, it } from 'vitest';
import { grantKey, policyReferences } from './grant-spec.ts';

const EXEMPTION = {
  kind: 'policy-exemption',
  target: '/subscriptions/1/resourceGroups/shop',
  permission: '/subscriptions/1/providers/Microsoft.Authorization/policyAssignments/baseline',
};
const from = (policy_definition_reference_ids: string, kind = EXEMPTION.kind) => ({
  ...EXEMPTION,
  kind,
  parameters: { category: 'Waiver', policy_definition_reference_ids },
});

describe('the key of an exemption', () => {
  it('tells apart what it is from, whatever order and case its policies are in', () => {
    expect(grantKey(from('TLS & tags'))).toBe(grantKey(from('Tags&tls')));
    expect(grantKey(from('tls'))).not.toBe(grantKey(from('tls&tags')));
    expect(grantKey(from('tls'))).not.toBe(grantKey(EXEMPTION));
  });

  it('is one for the kinds of exemptions, since both name the same resource', () => {
    expect(grantKey(from('tls', 'defender-exemption'))).toBe(grantKey(from('tls')));
  });

  it('goes by nothing else in its parameters', () => {
    expect(grantKey({ ...EXEMPTION, parameters: { category: 'Mitigated' } })).toBe(
      grantKey(EXEMPTION),
    );
  });
});

it('reads policies that are joined by &', () => {
  expect(policyReferences(from(' tls & & tags '))).toEqual(['tls', 'tags']);
  expect(policyReferences(EXEMPTION)).toEqual([]);
});
