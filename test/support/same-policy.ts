import type { Policy } from '../../src/domain/policy/policy.ts';
import type { TenantPolicies } from '../../src/features/exceptions/tenant-policies.ts';

/** One policy for every tenant, whatever anybody puts in force. */
export function samePolicy(policy: Policy): TenantPolicies {
  return { inForce: async () => () => policy, keep: () => {} };
}
